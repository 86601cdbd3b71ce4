/** The keys of a pool of MCP server instances: `[mcp.pool]` has them, and each MCP server in `[[servers]]`. */
import { flag, port, wholeNumber } from './config-fields.ts';

interface PoolDefaults {
  readonly maxInstances: number;
  readonly basePort: number;
}

/** All but `min_instances`, whose default is not the same everywhere. */
export function poolFields({ maxInstances, basePort }: PoolDefaults) {
  return {
    max_instances: wholeNumber({
      description: 'The most instances that run when many clients are connected.',
      fallback: maxInstances,
      min: 1,
      max: 64,
      unit: 'instances',
    }),
    max_connections_per_instance: wholeNumber({
      description: 'When every instance has so many sessions, another one is started.',
      fallback: 5,
      min: 1,
      max: 10_000,
      unit: 'sessions',
    }),
    max_sessions: wholeNumber({
      description:
        'The most sessions at one time; a client that wants to open another one is told to come back later. 0: no bound.',
      fallback: 1_000,
      min: 0,
      max: 10_000,
      unit: 'sessions',
    }),
    failover: flag(
      true,
      'Moves the sessions of an instance that ends to another one. When off, their clients are told to initialize again.',
    ),
    scale_down_after_s: wholeNumber({
      description:
        'An instance that is not needed for so long is stopped, down to min_instances; 0: never.',
      fallback: 300,
      min: 0,
      max: 86_400,
      unit: 'seconds',
    }),
    drain_timeout_s: wholeNumber({
      description:
        'How long calls and tasks that are under way may take before their instance is stopped all the same: at an upgrade, when it is recycled or not needed any more.',
      fallback: 60,
      min: 0,
      max: 86_400,
      unit: 'seconds',
    }),
    session_idle_minutes: wholeNumber({
      description: 'A session without a request or an open stream for so long is ended; 0: never.',
      fallback: 1_440,
      min: 0,
      max: 525_600,
      unit: 'minutes',
    }),
    max_memory_mb: wholeNumber({
      description:
        'An instance whose processes use more resident memory than this is replaced by a new one; its sessions move there. 0: never. Measured every 30 seconds, on Linux only.',
      fallback: 0,
      min: 0,
      max: 1_048_576,
      unit: 'megabytes',
    }),
    max_age_hours: wholeNumber({
      description:
        'An instance that has run for so long is replaced by a new one; its sessions move there. 0: never.',
      fallback: 0,
      min: 0,
      max: 8_760,
      unit: 'hours',
    }),
    base_port: port(
      basePort,
      'Port of the first instance; the others follow, taken ones are skipped.',
    ),
  };
}

/** Instances that run without anybody asking for them. */
export const minInstances = {
  fallback: 1,
  min: 0,
  max: 64,
  unit: 'instances',
} as const;
