/** Puts the built-in terminal together: a shell on a pseudo-terminal as a service, and a screen that shows it. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { CodedError } from '../../shared/errors.ts';
import type { StateTransition } from '../../shared/status.ts';
import type { LaunchContext } from './launches.ts';
import type { PortClaims } from './port-claims.ts';
import type { ProcessHost } from './services/process-host.ts';
import { loadPty, type PtyModule } from './services/pty-process.ts';
import type { Launch, Service, ServiceOptions } from './services/service.ts';
import { Screen } from './terminal/screen.ts';
import { Terminal } from './terminal/terminal.ts';

type TerminalContext = Pick<LaunchContext, 'config' | 'env' | 'folder'>;

export interface TerminalParts {
  readonly context: TerminalContext;
  readonly processes: Pick<ProcessHost, 'launchPty'>;
  /** Adds what all services have. */
  readonly makeService: (
    own: Pick<
      ServiceOptions,
      'kind' | 'processes' | 'prepare' | 'onDemand' | 'restartPolicy' | 'onTransition'
    >,
  ) => Service;
  readonly onTransition: (transition: StateTransition) => void;
  /** The status page without its token; null while it is off. */
  readonly pageUrl: () => string | null;
  /** How long a shell waits for a viewer to come back, in ms; the usual when absent. */
  readonly lingerMs?: number;
}

/** The built-in terminal. */
export function makeTerminal(parts: TerminalParts): Terminal {
  const { context, processes, makeService, onTransition, pageUrl, lingerMs } = parts;
  const screen = new Screen();
  let pty: PtyModule | null = null;
  const service: Service = makeService({
    kind: 'interactive_terminal',
    onDemand: true,
    // A shell ends because somebody left it; another one is theirs to ask for.
    restartPolicy: 'never_restart',
    prepare: async () => {
      if (pageUrl() === null) throw noPage();
      pty ??= await loadPty();
      return await terminalLaunch(context);
    },
    processes: {
      launch: (command) => {
        if (pty === null) throw new Error('launched without a preparation');
        const shell = processes.launchPty(pty, command, {
          size: screen.size,
          onOutput: (bytes) => screen.print(bytes),
          // However a shell was left, nothing is wrong with the service.
          onEnd: ({ code, signal }) => {
            const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
            void service.stop(`the shell ended with ${how}`);
          },
        });
        screen.begin(shell);
        return shell;
      },
    },
    onTransition: (transition) => {
      if (transition.to === 'stopped' || transition.to === 'failed') screen.end(transition.reason);
      onTransition(transition);
    },
  });
  return new Terminal({ service, screen, pageUrl, ...(lingerMs !== undefined && { lingerMs }) });
}

function noPage(): CodedError {
  return new CodedError(
    'service_failed',
    'The terminal is shown in the status page, which is off. Set [gui_server] enabled = true, or give a command in [interactive_terminal].',
  );
}

async function terminalLaunch(context: TerminalContext): Promise<Launch> {
  const { shell, args, working_dir, env } = context.config.interactive_terminal;
  const all = { ...context.env, ...env };
  const command = shell ?? usualShell(all);
  await requireProgram(command, all);
  const home = all['HOME'] ?? all['USERPROFILE'];
  const workingDir = working_dir === undefined ? home : resolve(context.folder(working_dir));
  if (workingDir !== undefined) await requireFolder(workingDir);
  return { command, args, workingDir, env: all, port: null, url: null, readiness: null };
}

/** How a terminal of the user's own is started; it has a page, and so a port. Null where there is none. */
export function externalTerminal(
  context: TerminalContext,
  claims: Pick<PortClaims, 'claim'>,
): ServiceOptions['prepare'] | null {
  const { command, args, working_dir, env, port: wanted } = context.config.interactive_terminal;
  if (command === undefined) return null;
  const workingDir = working_dir === undefined ? undefined : resolve(context.folder(working_dir));
  return async (adopted) => {
    const port =
      adopted?.port ?? (await claims.claim('interactive_terminal', wanted, 'interactive terminal'));
    return {
      command,
      args,
      workingDir,
      env: { ...context.env, ...env, PORT: String(port) },
      port,
      url: `http://127.0.0.1:${port}/`,
      readiness: { kind: 'tcp', port },
    };
  };
}

function usualShell(env: NodeJS.ProcessEnv): string {
  return process.platform === 'win32' ? 'powershell.exe' : env['SHELL'] || '/bin/sh';
}

/** The pty's own way to report this is a shell that ends at once, without a word. */
async function requireProgram(command: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter);
  const paths = isAbsolute(command) ? [command] : folders.map((folder) => join(folder, command));
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return;
  }
  throw new CodedError(
    'service_failed',
    `The shell "${command}" was not found, or may not be run. Correct [interactive_terminal] shell.`,
  );
}

async function requireFolder(path: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch (cause) {
    throw new CodedError(
      'service_failed',
      `The folder ${path} is missing, or may not be entered. Correct [interactive_terminal] working_dir.`,
      { cause },
    );
  }
}
