/**
 * The configuration in the words of the services room: what each service needs, is asked, and survives.
 * What is made of a function looks the configuration up whenever it is asked: it may change while
 * services run.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Config } from '../../shared/config-schema.ts';
import { mcpTransport } from '../../shared/config-services.ts';
import type { BackOffPolicy } from './services/back-off.ts';
import type { CooldownSettings } from './services/cooldowns.ts';
import type { Needs } from './services/dependencies.ts';
import type { Kept } from './services/keep.ts';
import type { RestartPolicy } from './services/lifecycle.ts';
import { usualLiveness } from './services/probe-status.ts';
import type { ServiceOptions } from './services/service.ts';
import type { LivenessSettings } from './services/watch.ts';

function backOffPolicy(reconnect: () => Config['reconnect']): BackOffPolicy {
  return {
    get initialDelayMs() {
      return reconnect().initial_delay_ms;
    },
    get maxDelayMs() {
      return reconnect().max_delay_ms;
    },
    get multiplier() {
      return reconnect().multiplier;
    },
    get jitterRatio() {
      return reconnect().jitter_ratio;
    },
    get maxAttempts() {
      return reconnect().max_attempts;
    },
    get cooldownAfterAttempts() {
      return reconnect().cooldown_after_attempts;
    },
    get cooldownMs() {
      return reconnect().cooldown_child_local_ms;
    },
  };
}

export function cooldownSettings(reconnect: () => Config['reconnect']): CooldownSettings {
  return {
    get afterAttempts() {
      return reconnect().cooldown_after_attempts;
    },
    get dependencyGroupMs() {
      return reconnect().cooldown_dependency_group_ms;
    },
    get globalMs() {
      return reconnect().cooldown_global_ms;
    },
  };
}

/** The keys that every service section has; the terminal has none about liveness. */
export interface LifeSettings {
  readonly restart_policy: RestartPolicy;
  readonly start_timeout_ms: number;
  readonly stop_grace_ms: number;
  readonly liveness_period_ms?: number;
  readonly liveness_timeout_ms?: number | undefined;
  readonly liveness_threshold?: number;
}

/** How a service is asked whether it lives; the terminal, which has no such keys, as the others by default. */
function livenessSettings(
  life: () => LifeSettings,
  healthTimeoutMs: () => number,
): LivenessSettings {
  return {
    get periodMs() {
      return life().liveness_period_ms ?? usualLiveness.periodMs;
    },
    get timeoutMs() {
      return life().liveness_timeout_ms ?? healthTimeoutMs();
    },
    get threshold() {
      return life().liveness_threshold ?? usualLiveness.threshold;
    },
  };
}

type Tuned =
  | 'restartPolicy'
  | 'startTimeoutMs'
  | 'stopGraceMs'
  | 'probeTimeoutMs'
  | 'liveness'
  | 'backOff';

/** The options of a service whose numbers and policies are those of the configuration at any time. */
export function tuned(
  options: Omit<ServiceOptions, Tuned>,
  config: () => Config,
  life: () => LifeSettings,
): ServiceOptions {
  const healthTimeoutMs = () => config().mcp.health_timeout_ms;
  return {
    ...options,
    liveness: livenessSettings(life, healthTimeoutMs),
    backOff: backOffPolicy(() => config().reconnect),
    get restartPolicy() {
      return life().restart_policy;
    },
    get startTimeoutMs() {
      return life().start_timeout_ms;
    },
    get stopGraceMs() {
      return life().stop_grace_ms;
    },
    get probeTimeoutMs() {
      return healthTimeoutMs();
    },
  };
}

/** What each service needs before it starts, by name. */
export function needsOf(config: Config): readonly (readonly [name: string, needs: Needs])[] {
  const { dashboard, fallback_api, servers } = config;
  const sections = [
    ['dashboard', dashboard, dashboard.requires_mcp ? ['mcp'] : []] as const,
    ['fallback_api', fallback_api, []] as const,
    ...servers.map((server) => [server.name, server, []] as const),
  ];
  return sections.map(([name, section, more]) => {
    const names = [...new Set([...more, ...section.depends_on])];
    return [name, { names, condition: section.depends_on_condition }] as const;
  });
}

/** The services whose processes survive the supervisor. */
export function keptServices(config: Config): readonly Kept[] {
  const { dashboard, fallback_api, servers, mcp, events } = config;
  // The dashboard knows the gateway by its port; any free port is another one each time.
  const gateway = [mcp.port === 0 ? randomUUID() : mcp.port, events.enabled];
  const sections = [
    ['dashboard', dashboard, gateway] as const,
    ['fallback_api', fallback_api, []] as const,
    ...servers
      // The sessions of an MCP server live in the gateway: they end with it, and so may the process.
      .filter((server) => mcpTransport(server) === null)
      .map((server) => [server.name, server, []] as const),
  ];
  return sections
    .filter(([, section]) => section.enabled && section.on_supervisor_exit === 'keep')
    .map(([name, section, more]) => {
      const { command, args, working_dir, env, port } = section;
      const meaning = JSON.stringify([command, args, working_dir, env, port, more]);
      return { name, fingerprint: createHash('sha256').update(meaning).digest('hex') };
    });
}
