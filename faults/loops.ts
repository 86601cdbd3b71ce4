/** F3: services that end again and again, in every way there is. */
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../test/free-port.ts';
import { configText } from '../test/harness.ts';
import { bare, script, serviceIn, webServer } from './cast.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

/** Tries that the back-off below allows until the loop is called one, with some to spare. */
const maxRestarts = 15;

const reconnect = { initial_delay_ms: 50, max_delay_ms: 60_000, multiplier: 3 };

/** What becomes of each: its state, and what its reason says. */
const expected: Readonly<Record<string, readonly [state: string, words: RegExp]>> = {
  'at-once': ['crash_loop', /exit code 3/],
  'after-ready': ['crash_loop', /exit code 1.*the reason it gave/],
  'by-signal': ['crash_loop', /signal SIG(SEGV|KILL)|exit code/],
  zero: ['stopped', /exit code 0/],
  missing: ['failed', /was not found.*(Install|correct)/i],
  forbidden: ['failed', /cannot be executed.*executable/],
};

async function crash(stage: Stage): Promise<string> {
  const port = await freePort();
  const place = await stage.place();
  const forbidden = join(place.folder, 'not-executable');
  await writeFile(forbidden, '#!/bin/sh\n');
  await chmod(forbidden, 0o644);
  await place.writeConfig(
    configText(place.folder, { ...bare, reconnect }, [
      webServer('good', port),
      script('at-once', 'process.exit(3)'),
      script(
        'after-ready',
        'console.log("up"); setTimeout(() => { console.error("Error: the reason it gave"); process.exit(1); }, 50)',
        { readiness_log: 'up' },
      ),
      script('by-signal', 'process.kill(process.pid, "SIGKILL"); setTimeout(() => {}, 1e6)'),
      script('zero', '0', { restart_policy: 'restart_on_failure' }),
      { name: 'missing', command: 'no-such-program-anywhere' },
      { name: 'forbidden', command: forbidden },
    ]),
  );
  const supervisor = await stage.start({ place, isReady: () => true });
  const good = await supervisor.until('the good one', (it) => serviceIn(it, 'good').pid !== null);
  const { pid } = serviceIn(good, 'good');
  const names = Object.keys(expected);
  const settled = await supervisor.until(
    'each to be what it is',
    (it) =>
      serviceIn(it, 'good').state === 'ready' &&
      names.every((name) => serviceIn(it, name).state === expected[name]?.[0]),
    30_000,
  );
  for (const name of names) {
    const { reason, restarts, nextRetryAt, state } = serviceIn(settled, name);
    assert.match(reason, expected[name]?.[1] ?? /never/, `${name}: ${reason}`);
    assert.ok(restarts <= maxRestarts, `${name} was restarted ${restarts} times`);
    assert.equal(nextRetryAt !== null, state === 'crash_loop', `${name}: when is the next try?`);
  }
  assert.equal(serviceIn(settled, 'good').pid, pid, 'the good service has another process');
  assert.equal(serviceIn(settled, 'good').restarts, 0);
  await chmod(forbidden, 0o755);
  await writeFile(forbidden, '#!/bin/sh\nexec sleep 1000\n');
  await supervisor.control<'Start'>({ type: 'Start', service: 'forbidden' });
  await supervisor.until(
    'the cured one to run',
    (it) => serviceIn(it, 'forbidden').state === 'ready',
  );
  const told = names.map((name) => {
    const { state, restarts } = serviceIn(settled, name);
    return `${name} ${state} (${restarts})`;
  });
  return `${told.join(', ')}; the good one kept its process; the cured one ran when it was started by hand`;
}

export const loops: readonly Fault[] = [
  {
    id: 'F3',
    done: 'services that end at once, after ready, with 0, by a signal, or cannot be started at all',
    promised:
      'each is told with its cause and next try; tries grow rare; what cannot work waits for a person; others are untouched',
    isQuick: false,
    lacks: () =>
      process.platform === 'win32' ? 'Windows knows neither these signals nor modes' : null,
    run: crash,
  },
];
