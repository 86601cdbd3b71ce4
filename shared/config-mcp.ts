/** The `[mcp]` section of `supervisor.toml`: the gateway and the pool behind it. */
import { z } from 'zod';
import {
  completeProgram,
  flag,
  lifeFields,
  optionalList,
  optionalText,
  port,
  programFields,
  wholeNumber,
} from './config-fields.ts';

const node = z
  .object({
    command: optionalText(
      'Program of one MCP server instance. When command, args and working_dir are all absent, the bundled memory server runs; when only this is absent, "node".',
      'node',
    ),
    args: optionalList(
      'Arguments of the command. {port} stands for the port of the instance, here and in env; where neither has it, --transport streamable-http --port N is added. When command or working_dir is given and this is absent: ["dist/server.js"].',
      ['dist/server.js'],
    ),
    ...programFields,
    events_path: z
      .string()
      .regex(/^\/\S*$/, 'must be a path such as "/events"')
      .optional()
      .meta({
        description:
          'Path of the stream of server-sent events that each instance offers, if it does.',
        examples: ['/events'],
      }),
  })
  .overwrite((section) => completeProgram(section, ['dist/server.js']))
  .readonly()
  .prefault({})
  .meta({ description: 'The MCP server program of which the pool runs several instances.' });

const pool = z
  .object({
    min_instances: wholeNumber({
      description: 'Instances that always run.',
      fallback: 1,
      min: 1,
      max: 64,
      unit: 'instances',
    }),
    max_instances: wholeNumber({
      description: 'The most instances that run when many clients are connected.',
      fallback: 4,
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
    failover: flag(
      true,
      'Moves the sessions of an instance that ends to another one. When off, their clients are told to initialize again.',
    ),
    failover_wait_ms: wholeNumber({
      description: 'How long a request waits for its session to be moved.',
      fallback: 10_000,
      min: 0,
      max: 600_000,
      unit: 'milliseconds',
    }),
    scale_down_after_s: wholeNumber({
      description: 'An instance that is not needed for so long is stopped; 0: never.',
      fallback: 300,
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
    base_port: port(3460, 'Port of the first instance; the others follow, taken ones are skipped.'),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'How many instances run, and on which ports.' });

export const mcp = z
  .object({
    enabled: flag(true, 'Runs the pool of MCP servers.'),
    port: port(3457, 'Port of the gateway: clients connect to http://127.0.0.1:<port>/mcp.'),
    health_timeout_ms: wholeNumber({
      description: 'How long an instance may take to answer a health probe.',
      fallback: 1_500,
      min: 100,
      max: 600_000,
      unit: 'milliseconds',
    }),
    ...lifeFields,
    node,
    pool,
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The MCP gateway and the pool of MCP servers behind it.' });
