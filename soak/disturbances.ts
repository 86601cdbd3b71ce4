/** What life does to a supervisor, all the time: instances that die, a configuration that is edited. */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../bench/kit/program.ts';
import type { Stage } from './stage.ts';

const killEveryMs = 30_000;
const editEveryMs = 60_000;

export interface Disturbances {
  /** When an instance was killed, in s since the start. */
  readonly kills: number[];
  /** Edits of the file that are in force. */
  edits: number;
  readonly troubles: string[];
}

/** Goes on until told to end; what it did is in `done` all the while. */
export async function disturb(stage: Stage, done: Disturbances, over: AbortSignal): Promise<void> {
  const begun = performance.now();
  const each = async (periodMs: number, work: (turn: number) => Promise<void>) => {
    for (let turn = 1; ; turn += 1) {
      const waitMs = begun + turn * periodMs - performance.now();
      await delay(Math.max(0, waitMs), undefined, { signal: over }).catch(() => {});
      if (over.aborted) return;
      await work(turn).catch((error: unknown) => done.troubles.push(messageOf(error)));
    }
  };
  await Promise.all([
    each(killEveryMs, async (turn) => {
      await killInstance(stage, turn);
      done.kills.push((performance.now() - begun) / 1_000);
    }),
    each(editEveryMs, async (turn) => {
      await editConfig(stage, turn);
      done.edits += 1;
    }),
  ]);
}

/** One after the other has its turn, whatever it is doing. */
async function killInstance({ supervisor }: Stage, turn: number): Promise<void> {
  const { instances } = await supervisor.snapshot();
  const pids = instances.flatMap(({ state, pid }) => (state === 'ready' && pid ? [pid] : []));
  const victim = pids[turn % pids.length];
  if (victim === undefined) throw new Error('no instance was ready to be killed');
  process.kill(victim, 'SIGKILL');
}

/** Writes the file as an editor does; resolves when the supervisor says that it runs on it. */
async function editConfig({ place, supervisor }: Stage, turn: number): Promise<void> {
  const before = (await supervisor.snapshot()).config.hash;
  const text = await place.readConfig();
  const idleMinutes = `session_idle_minutes = ${30 + (turn % 2)}`;
  const edited = text.includes('session_idle_minutes')
    ? text.replace(/session_idle_minutes = \d+/, idleMinutes)
    : text.replace('[mcp.pool]', `[mcp.pool]\n${idleMinutes}`);
  await place.writeConfig(edited);
  await supervisor.until('the edit to be in force', ({ config }) => config.hash !== before);
}
