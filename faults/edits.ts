/** F14: the configuration is edited fifty times a second while services restart. */
import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { configText, type Place } from '../test/harness.ts';
import { until } from '../test/until.ts';
import { bare, isReady, script, serviceIn, sleeper } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

const editsPerSecond = 50;

/** For what is on its way when the last edit comes. */
const settleMs = 30_000;

const editMs = ({ isQuick }: Stage) => (isQuick ? 2_000 : 20_000);

/** As editors save, in turns: another file in its place, the same file written over, and in between broken. */
async function edit({ configPath }: Place, step: number, text: string): Promise<void> {
  if (step % 7 === 0) return await writeFile(configPath, text.slice(0, text.length / 2));
  if (step % 2 === 0) return await writeFile(configPath, text);
  await writeFile(`${configPath}.tmp`, text);
  await rename(`${configPath}.tmp`, configPath);
}

async function editOften(stage: Stage): Promise<string> {
  const place = await stage.place();
  const textOf = (step: number) =>
    configText(place.folder, bare, [
      sleeper('stays'),
      script('changes', `setInterval(() => {}, 1e6); // step ${step}.`),
      ...(step % 3 === 0 ? [sleeper('comes-and-goes')] : []),
    ]);
  await place.writeConfig(textOf(1));
  const supervisor = await stage.start({ place });
  const { pid } = serviceIn(await supervisor.snapshot(), 'stays');
  const over = performance.now() + editMs(stage);
  let steps = 1;
  let restarts = 0;
  const restarting = (async () => {
    while (performance.now() < over) {
      // It may be just on its way out, or in.
      const reply = await supervisor.client.line('{"type":"Restart","service":"changes"}');
      if (reply.ok) restarts += 1;
      await delay(100);
    }
  })();
  for (let due = performance.now(); due < over; due += 1_000 / editsPerSecond) {
    steps += 1;
    await edit(place, steps, textOf(steps));
    // One that was late is made up for.
    await delay(Math.max(0, due - performance.now()));
  }
  await restarting;
  // The last word: valid, with the third service.
  const last = Math.ceil((steps + 1) / 3) * 3;
  await edit(place, 1, textOf(last));
  await supervisor.until(
    'the last state of the file to run',
    (it) =>
      it.config.running === 'file' &&
      it.services.some(({ name }) => name === 'comes-and-goes') &&
      it.services.every(({ state }) => state === 'ready'),
    settleMs,
  );
  const sleepers = () =>
    place
      .survivors()
      .map(({ command }) => command)
      .filter((command) => command.includes('setInterval'));
  await until(
    () => sleepers().length === 3 && sleepers().some((each) => each.endsWith(`${last}.`)),
    {
      what: `one process for each service, "changes" in step ${last}`,
      timeoutMs: settleMs,
      instead: sleepers,
    },
  );
  const settled = await supervisor.until('all of it', isReady('changes'));
  assert.equal(serviceIn(settled, 'stays').pid, pid, 'what was never changed was restarted');
  return `${steps} edits (every seventh broken) and ${restarts} restarts in ${editMs(stage) / 1_000} s: the last file runs (step ${last}), what it was not about kept process ${pid}, one process for each service`;
}

export const edits: readonly Fault[] = [
  {
    id: 'F14',
    done: 'the configuration is written fifty times a second, also broken, while services are restarted',
    promised:
      'the last valid text is what runs in the end; what it was not about keeps its process; no process too many',
    isQuick: true,
    lacks: onlyOnLinux,
    run: editOften,
  },
];
