/** Starting, stopping and restarting one service, and waiting until it is so. */
import { setTimeout as delay } from 'node:timers/promises';
import { SupervisorError } from '../client/supervisor-error.ts';
import type { ServiceStatus } from '../shared/status.ts';
import { stateWord } from '../shared/wording.ts';
import type { Context, Input } from './command.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import { plain } from './text-width.ts';

/** How often a state is looked at, in ms. */
export const lookPeriodMs = 150;

const usualTimeoutSeconds = 60;

/** The time that `--timeout` allows, in ms. */
export function timeoutOf(input: Input): number {
  return (input.number('timeout', { min: 1, max: 86_400 }) ?? usualTimeoutSeconds) * 1_000;
}

export function restart(context: Context, input: Input): Promise<ExitName> {
  return change(context, input, 'Restart');
}

export function start(context: Context, input: Input): Promise<ExitName> {
  return change(context, input, 'Start');
}

export function stop(context: Context, input: Input): Promise<ExitName> {
  return change(context, input, 'Stop');
}

async function change(
  context: Context,
  input: Input,
  type: 'Start' | 'Stop' | 'Restart',
): Promise<ExitName> {
  const { out } = context;
  const name = input.required(0);
  const before = await find(context, name);
  const reply = await context.client().request(type, { service: name });
  if (input.flag('no-wait')) {
    out.result(reply, () => `${reply.service}: ${reply.status}`);
    return 'ok';
  }
  const deadline = performance.now() + timeoutOf(input);
  for (;;) {
    const now = await find(context, name);
    const verdict = judge(type, before, now);
    if (verdict !== null) {
      out.result(now, () => `${now.name}: ${stateWord(now.state)}${because(now)}`);
      return verdict;
    }
    if (performance.now() >= deadline) {
      throw new CommandError(
        `${name} is still "${stateWord(now.state)}"${because(now)}. It goes on trying; "logs ${name}" shows what it prints.`,
      );
    }
    await delay(lookPeriodMs, undefined, { signal: context.signal });
  }
}

function because({ state, reason }: ServiceStatus): string {
  return state === 'ready' || state === 'stopped' ? '' : ` (${plain(reason)})`;
}

/** Null while it is on its way. */
function judge(
  type: 'Start' | 'Stop' | 'Restart',
  before: ServiceStatus,
  { state, since, pid }: ServiceStatus,
): ExitName | null {
  if (state === 'failed' || state === 'crash_loop') return type === 'Stop' ? null : 'failed';
  if (type === 'Stop') return state === 'stopped' ? 'ok' : null;
  if (state !== 'ready') return null;
  // Still the old one: the restart has not begun yet.
  if (type === 'Restart' && since === before.since && pid === before.pid) return null;
  return 'ok';
}

async function find(context: Context, name: string): Promise<ServiceStatus> {
  const { services, instances } = await context.client().request('Snapshot');
  const wanted = name.trim().toLowerCase();
  // As the supervisor itself reads it, the old name of the terminal included.
  const meant = wanted === 'terminal' ? 'interactive_terminal' : wanted;
  const all = [...services, ...instances];
  const found = all.find((each) => each.name.toLowerCase() === meant);
  if (found) return found;
  throw new SupervisorError(
    'unknown_service',
    `There is no service "${name}". There are: ${all.map((each) => each.name).join(', ')}.`,
  );
}
