/** The `[mcp]` section of `supervisor.toml`: the gateway and the pool behind it. */
import { z } from 'zod';
import { container } from './config-container.ts';
import {
  choice,
  completeProgram,
  flag,
  lifeFields,
  livenessFields,
  optionalList,
  optionalText,
  port,
  programFields,
  wholeNumber,
} from './config-fields.ts';
import { minInstances, poolFields } from './config-pool.ts';

/** What may stand in the name of a header (RFC 9110 §5.6.2). */
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'must be the name of a header, such as "x-agent-id"');

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
      description:
        'Instances that always run; 0: the first request starts one, and it stops when it is not needed any more.',
      ...minInstances,
    }),
    ...poolFields({ maxInstances: 4, basePort: 3460 }),
    failover_wait_ms: wholeNumber({
      description:
        'How long a request waits for its session to be moved; also for the MCP servers in [[servers]].',
      fallback: 10_000,
      min: 0,
      max: 600_000,
      unit: 'milliseconds',
    }),
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
    backend: choice(
      ['node', 'container'],
      'node',
      'How the instances run: as processes ([mcp.node]) or in containers ([mcp.container]).',
    ),
    affinity_params: z
      .array(headerName)
      .default([])
      .readonly()
      .meta({
        description:
          'Parameters whose values name something that one instance keeps in memory, by the names in their Mcp-Param-* headers. Requests of MCP 2026-07-28 with the same value go to the same instance.',
        examples: [['browser_id']],
      }),
    affinity_header: headerName.optional().meta({
      description:
        'A header that names the agent. Requests of MCP 2026-07-28 with the same value go to the same instance; "cookie" is allowed.',
      examples: ['x-agent-id'],
    }),
    ...lifeFields,
    ...livenessFields,
    node,
    container,
    pool,
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The MCP gateway and the pool of MCP servers behind it.' });
