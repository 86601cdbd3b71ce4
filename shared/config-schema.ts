/**
 * The schema of `supervisor.toml`, declared once: names, types, ranges, units, defaults and
 * descriptions. The loader, the default file, the error messages and the editor's help derive from
 * it. Keys are written as in the file. Every key here does something; keys of the old supervisor
 * that this one does not have are listed in `config-legacy.ts`.
 */
import { z } from 'zod';
import { events } from './config-events.ts';
import {
  choice,
  completeProgram,
  decimal,
  filledText,
  flag,
  lifeFields,
  list,
  optionalList,
  optionalText,
  port,
  programFields,
  wholeNumber,
} from './config-fields.ts';
import { serverName } from './config-names.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

const supervisor = z
  .object({
    log_level: choice(logLevels, 'info', 'The least important messages that are still logged.'),
    data_dir: optionalText(
      'Folder for the data of the supervisor and the bundled servers; when absent, the usual place of the system. Relative folders count from the folder of this file; ~ is your home.',
      '/home/me/.local/share/ProjectMemory',
    ),
    control_pipe: z
      .string()
      .regex(/^\\\\\.\\pipe\\[^\\\0]{1,200}$/, 'must look like \\\\.\\pipe\\some-name')
      .default('\\\\.\\pipe\\project-memory-supervisor')
      .meta({
        description:
          'Windows: the named pipe for control requests. Elsewhere a socket in the runtime folder serves them.',
      }),
    control_tcp_port: port(45_470, 'TCP port for control requests.'),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The supervisor itself.' });

const reconnect = z
  .object({
    initial_delay_ms: wholeNumber({
      description: 'Wait before the second try; the first one follows at once.',
      fallback: 500,
      min: 10,
      max: 600_000,
      unit: 'milliseconds',
    }),
    max_delay_ms: wholeNumber({
      description: 'The longest wait between two tries.',
      fallback: 30_000,
      min: 10,
      max: 3_600_000,
      unit: 'milliseconds',
    }),
    multiplier: decimal({
      description: 'Each wait is this many times the one before.',
      fallback: 2,
      min: 1,
      max: 10,
    }),
    max_attempts: wholeNumber({
      description: 'Give up after so many tries in a row; 0: never.',
      fallback: 0,
      min: 0,
      max: 1_000_000,
      unit: 'attempts',
    }),
    jitter_ratio: decimal({
      description: 'Each wait varies by up to this part of itself, so that not all try at once.',
      fallback: 0.2,
      min: 0,
      max: 1,
    }),
    cooldown_after_attempts: wholeNumber({
      description: 'After so many tries in a row, pause for cooldown_child_local_ms; 0: no pause.',
      fallback: 0,
      min: 0,
      max: 1_000_000,
      unit: 'attempts',
    }),
    cooldown_child_local_ms: wholeNumber({
      description: 'Length of that pause, for the one service.',
      fallback: 0,
      min: 0,
      max: 86_400_000,
      unit: 'milliseconds',
    }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'How long to wait before a service that ended is started again.' });

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

const mcp = z
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

const dashboard = z
  .object({
    enabled: flag(true, 'Runs the dashboard.'),
    port: port(3459, 'Port of the dashboard; it is passed to the process as PORT.'),
    requires_mcp: flag(
      true,
      'Waits with the dashboard until the MCP pool is ready. Without effect while the pool is off.',
    ),
    command: optionalText(
      'Program of the dashboard. When command, args and working_dir are all absent, the bundled dashboard runs; when only this is absent, "node".',
      'node',
    ),
    args: optionalList(
      'Arguments of the command. When another of the three is given and this is absent: ["dist/dashboard.js"].',
      ['dist/dashboard.js'],
    ),
    ...programFields,
    ...lifeFields,
  })
  .overwrite((section) => completeProgram(section, ['dist/dashboard.js']))
  .readonly()
  .prefault({})
  .meta({ description: 'The dashboard, a web application that shows the data.' });

const server = z
  .object({
    name: serverName,
    command: filledText.meta({ description: 'Program to run.', examples: ['node'] }),
    args: list('Arguments of the command.', ['server.js']),
    ...programFields,
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .meta({
        description: 'The port on which it listens; it counts as ready when the port answers.',
        examples: [8080],
      }),
    enabled: flag(true, 'Runs the service.'),
    ...lifeFields,
  })
  .readonly();

const servers = z.array(server).default([]).readonly().meta({
  description:
    'A service of your own; write one such block for each, its [[servers]] line included.',
});

const fallbackApi = z
  .object({
    enabled: flag(
      false,
      'Runs a REST API of your own behind /api/fallback/ of the gateway; needs a command. (In the old supervisor the default was true, for a program that came with it.)',
    ),
    port: port(3465, 'Port of the API; it is passed to the process as FALLBACK_API_PORT.'),
    command: optionalText('Program of the API.', 'node'),
    args: list('Arguments of the command.', ['dist/fallback-rest-main.js']),
    ...programFields,
    ...lifeFields,
  })
  .readonly()
  .prefault({})
  .meta({ description: 'An optional REST API that the gateway passes requests on to.' });

const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

const guiServer = z
  .object({
    enabled: flag(true, 'Serves the status page and control requests over HTTP.'),
    port: port(3464, 'Port of the status page.'),
    bind_address: z
      .string()
      .refine((address) => loopback.includes(address), {
        error: ({ input }) =>
          `the page serves only this machine: expected "127.0.0.1", "::1" or "localhost", found ${JSON.stringify(input)}`,
      })
      .default('127.0.0.1')
      .meta({ description: 'Address of this machine: "127.0.0.1", "::1" or "localhost".' }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The status page and the HTTP door of the control protocol.' });

const runtimeOutput = z
  .object({
    enabled: flag(true, 'Keeps what the services print, so that it can be looked at.'),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The output of the services.' });

const auth = z
  .object({
    api_key: z
      .string()
      .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 or more ASCII characters without spaces')
      .optional()
      .meta({
        description:
          'Token for the status page and for control over HTTP; when absent, one is made and kept in a file that only you can read.',
        isSecret: true,
        // Not valid on purpose: nobody shall run with a key that everybody knows.
        examples: ['your own secret'],
      }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'Who may use the status page and control over HTTP.' });

/** Parses what TOML gives into a complete, frozen configuration. */
export const configSchema = z
  .object({
    supervisor,
    reconnect,
    mcp,
    dashboard,
    servers,
    fallback_api: fallbackApi,
    events,
    gui_server: guiServer,
    runtime_output: runtimeOutput,
    auth,
  })
  .readonly();

/** The whole configuration, every default filled in. */
export type Config = z.infer<typeof configSchema>;

/** One `[[servers]]` block. */
export type ServerConfig = Config['servers'][number];

/** One `[[events.sources]]` block. */
export type EventSourceConfig = Config['events']['sources'][number];

/** What an empty file means. */
export const defaultConfig: Config = configSchema.parse({});
