/** F15: orders that contradict each other: stop while it starts, restart while it waits, the end in between. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlClient } from '../test/control-client.ts';
import { isAlive } from '../test/processes.ts';
import { until } from '../test/until.ts';
import { bare, isReady, script, serviceIn, sleeper, timesIn, took } from './cast.ts';
import { type Fault, onlyOnLinux, onlyWithSignals } from './fault.ts';
import type { Stage } from './stage.ts';

/** Longer than a process takes to begin. */
const slowEndMs = 300;

/** Never becomes ready. */
const slow = sleeper('slow', { readiness_log: 'never printed' });

/**
 * Each of its processes notes itself in a file, and who of those before it is still there; each takes a
 * while to end, so that an impatient start would meet it.
 */
const jealous = (name: string) =>
  script(
    name,
    `const { appendFileSync, readFileSync } = require('node:fs');
    const lives = (pid) => { try { return process.kill(pid, 0); } catch { return false; } };
    appendFileSync('${name}.runs', process.pid + '\\n');
    const all = readFileSync('${name}.runs', 'utf8').split('\\n').map(Number);
    const other = all.find((pid) => pid > 0 && pid !== process.pid && lives(pid));
    if (other) appendFileSync('${name}.runs', process.pid + ' beside ' + other + '\\n');
    process.on('SIGTERM', () => setTimeout(process.exit, ${slowEndMs}));
    console.log('noted');
    setInterval(() => {}, 1e6);`,
    { readiness_log: 'noted' },
  );

async function contradict(stage: Stage): Promise<string> {
  const supervisor = await stage.start({
    settings: bare,
    servers: [
      slow,
      { name: 'broken', command: 'no-such-program-anywhere' },
      sleeper('waits', { depends_on: ['broken'] }),
      jealous('plain'),
    ],
    isReady: isReady('plain'),
  });
  const { place } = supervisor;
  const ask = (type: string, service: string) =>
    supervisor.client.line(JSON.stringify({ type, service }));
  await supervisor.until('the slow one to start', (it) => serviceIn(it, 'slow').pid !== null);
  await ask('Stop', 'slow');
  await supervisor.until(
    'the stop while it starts',
    (it) => serviceIn(it, 'slow').state === 'stopped',
  );
  // process-compose#530: a restart of what waits for a dependency.
  await ask('Restart', 'waits');
  await ask('Restart', 'waits');
  await supervisor.until('it to wait again', (it) =>
    serviceIn(it, 'waits').reason.startsWith('waits for broken'),
  );
  await ask('Stop', 'waits');
  await supervisor.until('its stop', (it) => serviceIn(it, 'waits').state === 'stopped');
  for (let restarts = 0; restarts < 3; restarts += 1) {
    await ask('Restart', 'plain');
    await supervisor.until('a restart', isReady('plain'));
  }
  const orders = Array.from({ length: 60 }, (_, index) =>
    ask(['Start', 'Stop', 'Restart'][index % 3] ?? '', 'plain'),
  );
  const replies = await Promise.all(orders);
  await ask('Stop', 'plain');
  await supervisor.until(
    'the last word, a stop',
    (it) => serviceIn(it, 'plain').state === 'stopped',
  );
  await ask('Start', 'plain');
  await supervisor.until('the last word, a start', isReady('plain'));
  const sleepers = () => place.survivors().filter(({ command }) => command.includes('setInterval'));
  await until(() => sleepers().length === 1, {
    what: 'one process of the service, none of the others',
    instead: sleepers,
  });
  const runs = (await readFile(join(place.folder, 'plain.runs'), 'utf8')).trim().split('\n');
  assert.deepEqual(
    runs.filter((line) => line.includes('beside')),
    [],
    'two processes of one service at a time',
  );
  return `a stop during its start, two restarts and a stop while it waited, then ${replies.length} orders at once: every one answered, the last word counted, ${runs.length} processes, never two at a time`;
}

async function endInBetween(stage: Stage): Promise<string> {
  const moments: readonly (readonly [string, (text: string) => boolean])[] = [
    ['as soon as its ports are known', () => true],
    ['while services start', (text) => text.includes('starting  service=plain')],
    ['while a service restarts', (text) => text.includes('by hand')],
  ];
  const told: string[] = [];
  for (const [name, isIt] of moments) {
    const place = await stage.place({ servers: [slow, sleeper('plain')] });
    const started = place.spawn();
    await until(() => existsSync(place.portsPath), { what: 'its first sign of life' });
    if (name.includes('restarts')) {
      // What has not begun has nothing to begin again.
      await until(() => /ready +service=plain/.test(started.output()), { what: 'the service' });
      const supervisor = await until(() => place.ports(), { what: 'its ports' });
      const control = await ControlClient.open(supervisor.control_socket);
      await control.line('{"type":"Restart","service":"plain"}');
      control.close();
    }
    await until(() => isIt(started.output()), { what: name, instead: () => started.output() });
    const since = performance.now();
    started.kill('SIGTERM');
    assert.equal(await started.exited, 0, `${name}: ${started.output()}`);
    assert.deepEqual(place.survivors(), [], name);
    assert.ok(!existsSync(place.portsPath), `${name}: ports.json stayed`);
    told.push(`${name} (${Math.round(performance.now() - since)} ms)`);
  }
  return `the end came ${told.join(', ')}: exit 0, no process, no ports.json left`;
}

/** What the one that does not listen has to the end, in ms. */
const graceMs = 1_000;

/** Somebody presses Ctrl-C again and again, in ms. */
const impatienceMs = 100;

/** It does not listen to SIGTERM, and the end has to wait for its grace. */
async function endTwice(stage: Stage): Promise<string> {
  const deaf = script(
    'deaf',
    `process.on('SIGTERM', () => require('node:fs').appendFileSync('deaf.asked', 'asked\\n'));
    console.log('deaf'); setInterval(() => {}, 1e6)`,
    { readiness_log: 'deaf', stop_grace_ms: graceMs },
  );
  const supervisor = await stage.start({ settings: bare, servers: [deaf] });
  const { process: own, place } = supervisor;
  const { pid } = serviceIn(await supervisor.snapshot(), 'deaf');
  let signals = 0;
  const ms = await took(async () => {
    // A program that has done all and is just leaving has no ears any more.
    for (; own.isRunning && isAlive(pid ?? 0); signals += 1) {
      own.kill(signals % 2 === 0 ? 'SIGTERM' : 'SIGINT');
      await delay(impatienceMs);
    }
  });
  assert.equal(await own.exited, 0);
  assert.deepEqual(place.survivors(), []);
  assert.ok(!existsSync(place.portsPath), 'ports.json stayed');
  assert.ok(ms >= graceMs, `it was killed after ${ms} ms, before its grace was over`);
  const asked = timesIn(await readFile(join(place.folder, 'deaf.asked'), 'utf8'), 'asked');
  assert.equal(asked, 1, `the service was asked to end ${asked} times`);
  assert.ok(signals > 2, 'it ended before anybody could become impatient');
  return `SIGTERM and SIGINT by turns, ${signals} times in ${ms} ms: one orderly end, exit 0, the deaf service was asked once and killed after its grace`;
}

export const orders: readonly Fault[] = [
  {
    id: 'F15',
    done: 'stop during a start, restart during a wait for a dependency, sixty orders at once',
    promised: 'each is answered, the last one counts, never two processes of one service',
    isQuick: true,
    lacks: onlyOnLinux,
    run: contradict,
  },
  {
    id: 'F15b',
    done: 'the end comes while it starts, and while a service restarts',
    promised: 'exit 0, nothing left',
    isQuick: false,
    lacks: onlyWithSignals,
    run: endInBetween,
  },
  {
    id: 'F15c',
    done: 'impatient signals while a service does not want to end',
    promised: 'one orderly end, exit 0, nothing left',
    isQuick: false,
    lacks: onlyWithSignals,
    run: endTwice,
  },
];
