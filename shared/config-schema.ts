/**
 * The schema of `supervisor.toml`, declared once: names, types, ranges, units, defaults and
 * descriptions. The loader, the default file, the error messages and the editor's help derive from
 * it. Keys are written as in the file. Every key here does something; keys of the old supervisor
 * that this one does not have are listed in `config-legacy.ts`.
 */
import { z } from 'zod';
import { auth, guiServer } from './config-access.ts';
import { desktop } from './config-desktop.ts';
import { events } from './config-events.ts';
import { choice, flag, optionalText, port, wholeNumber } from './config-fields.ts';
import { approvalGui, brainstormGui, formApps } from './config-forms.ts';
import { mcp } from './config-mcp.ts';
import { proxy } from './config-proxy.ts';
import { dashboard, fallbackApi, reconnect, runtimeOutput, servers } from './config-services.ts';
import { interactiveTerminal } from './config-terminal.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

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
    control_socket: flag(
      true,
      'Takes control requests on a socket (Windows: the named pipe) that only you can open. A second start finds the running supervisor by it.',
    ),
    control_tcp: flag(true, 'Takes control requests over TCP, from this machine only.'),
    control_tcp_port: port(45_470, 'TCP port for control requests.'),
    shutdown_when_last_client_leaves_s: wholeNumber({
      description:
        'Ends the supervisor so long after the last attached window has gone, unless another one comes; 0: never.',
      fallback: 0,
      min: 0,
      max: 86_400,
      unit: 'seconds',
    }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The supervisor itself.' });

/** Parses what TOML gives into a complete, frozen configuration. */
export const configSchema = z
  .object({
    supervisor,
    desktop,
    reconnect,
    mcp,
    dashboard,
    servers,
    interactive_terminal: interactiveTerminal,
    fallback_api: fallbackApi,
    proxy,
    events,
    gui_server: guiServer,
    runtime_output: runtimeOutput,
    form_apps: formApps,
    brainstorm_gui: brainstormGui,
    approval_gui: approvalGui,
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
