/** `pm-supervisor start`: in this terminal, or in the background. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { thisMachine } from '../client/addresses.ts';
import { isAway } from '../client/supervisor-error.ts';
import { runtimeFile } from '../main/supervisor/config/control-address.ts';
import type { ReplyData } from '../shared/control-protocol.ts';
import type { Context, Input } from './command.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import { programName } from './help.ts';
import { type Program, supervisorProgram } from './program.ts';
import { lookPeriodMs, timeoutOf } from './services.ts';
import { configFile } from './token.ts';

export async function start(context: Context, input: Input): Promise<ExitName> {
  const running = await whoRuns(context);
  if (running) return tell(context, running, 'The supervisor runs already');
  const program = programOf(context, input, { headless: input.flag('headless') });
  if (!input.flag('detach')) return await runHere(context, program);
  const supervisor = await runInBackground(context, program, timeoutOf(input));
  return tell(context, supervisor, 'The supervisor was started');
}

/** `pm-supervisor run`: what a terminal, a container or a service manager has in the foreground. */
export async function runInForeground(context: Context, input: Input): Promise<ExitName> {
  const running = await whoRuns(context);
  if (running) return tell(context, running, 'The supervisor runs already');
  return await runHere(context, programOf(context, input, { headless: true }));
}

function programOf(
  context: Context,
  input: Input,
  { headless }: { readonly headless: boolean },
): Program {
  const { node, args } = supervisorProgram({ headless });
  const flags = [
    ...(headless ? ['headless'] : []),
    ...['hidden', 'debug'].filter((name) => input.flag(name)),
  ];
  const config = configFile(context.configOption, context.env, context.cwd);
  const all = [...args, ...flags.map((name) => `--${name}`), '--config', config];
  return { node, args: all };
}

/** The supervisor of this configuration; null where none runs. */
export async function whoRuns(context: Context): Promise<ReplyData['WhoAmI'] | null> {
  try {
    return await context.client().connect();
  } catch (error) {
    if (isAway(error)) return null;
    throw error;
  }
}

async function tell(
  context: Context,
  supervisor: ReplyData['WhoAmI'],
  what: string,
): Promise<ExitName> {
  const { mcpUrl, pageUrl } = await context.client().request('Snapshot');
  context.out.result(supervisor, () => [
    `${what} (process ${supervisor.pid}, ${supervisor.mode}).`,
    `MCP for your clients:  ${mcpUrl ?? 'off'}`,
    `Status page:           ${pageUrl === null ? 'off' : `${programName} open`}`,
  ]);
  return 'ok';
}

/** The supervisor takes over the terminal; it ends when this program is asked to. */
async function runHere({ env, signal }: Context, program: Program): Promise<ExitName> {
  const child = spawn(program.node, program.args, { stdio: 'inherit', env: { ...env } });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
    // The terminal tells the child itself; whoever ends only this program means both.
    signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  });
  return code === 0 || signal.aborted ? 'ok' : 'failed';
}

async function runInBackground(
  context: Context,
  program: Program,
  timeoutMs: number,
): Promise<ReplyData['WhoAmI']> {
  const { env, signal } = context;
  const file = await startLog(context);
  const log = await open(file, 'w', 0o600);
  const child = spawn(program.node, program.args, {
    detached: true,
    windowsHide: true,
    env: { ...env },
    // What it says before it has a log of its own.
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const ended = endOf(child);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const supervisor = await whoRuns(context);
    if (supervisor) {
      child.unref();
      return supervisor;
    }
    const how = ended.now;
    if (how !== null) {
      const said = (await readFile(file, 'utf8').catch(() => '')).trim();
      throw new CommandError(`The supervisor did not start: it ${how}.\n${said}`);
    }
    if (performance.now() >= deadline) {
      child.unref();
      throw new CommandError(
        `The supervisor (process ${child.pid}) does not answer yet; it goes on. What it says: ${file}`,
      );
    }
    await delay(lookPeriodMs, undefined, { signal });
  }
}

/** How it ended; null while it runs. */
function endOf(child: ChildProcess): { now: string | null } {
  const ended: { now: string | null } = { now: null };
  child.once('error', (error) => {
    ended.now = `could not be run (${error.message})`;
  });
  child.once('exit', (code, signal) => {
    ended.now = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  });
  return ended;
}

async function startLog({ configOption, env, cwd }: Context): Promise<string> {
  const file = runtimeFile('start.log', configFile(configOption, env, cwd), thisMachine(env));
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  return file;
}
