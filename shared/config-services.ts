/** The sections of `supervisor.toml` about supervised processes: how they live, and which there are. */
import { z } from 'zod';
import {
  completeProgram,
  decimal,
  dependencyFields,
  filledText,
  flag,
  keepFields,
  lifeFields,
  list,
  livenessFields,
  optionalList,
  optionalText,
  port,
  programFields,
  readinessFields,
  wholeNumber,
} from './config-fields.ts';
import { serverName } from './config-names.ts';
import { minInstances, poolFields } from './config-pool.ts';

export const reconnect = z
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
      description:
        'After so many failures in a row, pause as the three keys below say; 0: no pause.',
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
    cooldown_dependency_group_ms: wholeNumber({
      description:
        'From then on, services that depend on it are not restarted for so long, unless by hand.',
      fallback: 0,
      min: 0,
      max: 86_400_000,
      unit: 'milliseconds',
    }),
    cooldown_global_ms: wholeNumber({
      description: 'From then on, no service at all is restarted for so long, unless by hand.',
      fallback: 0,
      min: 0,
      max: 86_400_000,
      unit: 'milliseconds',
    }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'How long to wait before a service that ended is started again.' });

export const dashboard = z
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
    ...livenessFields,
    ...dependencyFields,
    ...readinessFields,
    ...keepFields,
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
        description:
          'The port on which it listens; it counts as ready when the port answers. An MCP server without it gets a port of its own for {port}.',
        examples: [8080],
      }),
    enabled: flag(true, 'Runs the service.'),
    ...lifeFields,
    ...livenessFields,
    ...dependencyFields,
    ...readinessFields,
    ...keepFields,
    mcp: flag(
      false,
      'It is an MCP server: clients reach it at /servers/NAME/mcp of the gateway. Without transport it speaks Streamable HTTP; {port} in args and env stands for its port.',
    ),
    transport: z
      .enum(['http', 'stdio'])
      .optional()
      .meta({
        description:
          'How the MCP server is spoken to: over Streamable HTTP, or over its standard input and output. Means mcp = true.',
        examples: ['stdio'],
      }),
    shared: flag(
      false,
      'For transport = "stdio": one process serves all sessions of an instance. When off, each session has a process of its own.',
    ),
    min_instances: z
      .int()
      .min(minInstances.min)
      .max(minInstances.max)
      .optional()
      .meta({
        description:
          'For MCP servers, like all keys below: instances that always run; with 0 the first request starts one, and it stops when it is not needed any more. When absent: 1 for http, as for every service; 0 for stdio, which is up in a moment.',
        unit: minInstances.unit,
        examples: [0],
      }),
    // One, because few MCP servers are written to run beside themselves.
    ...poolFields({ maxInstances: 1, basePort: 0 }),
  })
  .readonly();

/** How a `[[servers]]` block is spoken to as an MCP server; null when it is none. */
export function mcpTransport({
  mcp,
  transport,
}: Pick<z.infer<typeof server>, 'mcp' | 'transport'>): 'http' | 'stdio' | null {
  return transport ?? (mcp ? 'http' : null);
}

/** Instances of such a server that always run. A bridge to stdio is up in a moment; http may take long. */
export function serverMinInstances(
  each: Pick<z.infer<typeof server>, 'mcp' | 'transport' | 'min_instances'>,
): number {
  return each.min_instances ?? (mcpTransport(each) === 'stdio' ? 0 : minInstances.fallback);
}

export const servers = z.array(server).default([]).readonly().meta({
  description:
    'A service of your own; write one such block for each, its [[servers]] line included.',
});

export const fallbackApi = z
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
    ...livenessFields,
    ...dependencyFields,
    ...readinessFields,
    ...keepFields,
  })
  .readonly()
  .prefault({})
  .meta({ description: 'An optional REST API that the gateway passes requests on to.' });

export const runtimeOutput = z
  .object({
    enabled: flag(true, 'Keeps what the services print, so that it can be looked at.'),
    ring_lines: wholeNumber({
      description: 'So many of the newest lines of each service are kept in memory.',
      fallback: 2_000,
      min: 10,
      max: 100_000,
      unit: 'lines',
    }),
    file: flag(true, 'Also writes what they print to logs/NAME.log in the data folder.'),
    max_file_mb: wholeNumber({
      description:
        'A file that has become so large is set aside as NAME.log.1, an older one as .2, and so on.',
      fallback: 10,
      min: 1,
      max: 10_000,
      unit: 'megabytes',
    }),
    max_files: wholeNumber({
      description: 'So many files that were set aside are kept for each service.',
      fallback: 5,
      min: 0,
      max: 1_000,
      unit: 'files',
    }),
    max_total_mb: wholeNumber({
      description:
        'When the files of all services are larger than this together, the oldest are deleted; never one that is being written.',
      fallback: 500,
      min: 1,
      max: 1_000_000,
      unit: 'megabytes',
    }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The output of the services.' });
