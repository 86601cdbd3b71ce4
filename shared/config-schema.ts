/**
 * The schema of `supervisor.toml`, declared once: names, types, ranges, units, defaults and
 * descriptions. The loader, the default file, the error messages and the editor's help derive from
 * it. Keys are written as in the file. Every key here does something; keys of the old supervisor
 * that this one does not have are listed in `config-legacy.ts`.
 */
import { z } from 'zod';
import { auth, guiServer } from './config-access.ts';
import { events } from './config-events.ts';
import { choice, optionalText, port } from './config-fields.ts';
import { mcp } from './config-mcp.ts';
import { dashboard, fallbackApi, reconnect, runtimeOutput, servers } from './config-services.ts';

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
