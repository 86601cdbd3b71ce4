/** `pm-supervisor stop`: asks for the end and waits for it. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAway, SupervisorError } from '../client/supervisor-error.ts';
import type { Context, Input } from './command.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import { lookPeriodMs, timeoutOf } from './services.ts';

export async function stop(context: Context, input: Input): Promise<ExitName> {
  const { out, signal } = context;
  let pid: number;
  try {
    ({ pid } = await context.client().connect());
    await context.client().request('ShutdownSupervisor');
  } catch (error) {
    // One that is ending already may close the connection before it answers.
    if (!isAway(error)) throw error;
    if (error instanceof SupervisorError && error.code !== 'not_running') throw error;
    out.result({ stopped: false, pid: null }, () => 'No supervisor runs.');
    return 'ok';
  }
  if (input.flag('no-wait')) {
    out.result({ stopped: false, pid }, () => `The supervisor (process ${pid}) is stopping.`);
    return 'ok';
  }
  const deadline = performance.now() + timeoutOf(input);
  while (isAlive(pid)) {
    if (performance.now() >= deadline) {
      throw new CommandError(`The supervisor (process ${pid}) has not ended yet; it is stopping.`);
    }
    await delay(lookPeriodMs, undefined, { signal });
  }
  out.result({ stopped: true, pid }, () => `The supervisor (process ${pid}) has stopped.`);
  return 'ok';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // Somebody else's process with its number, or one that we may not ask: it is not gone for sure.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** It has ended and nobody has taken note: in a container without an init process that stays so. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
