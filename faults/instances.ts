/** F10: more than one supervisor for the same configuration, and what dead ones have left. */
import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../test/until.ts';
import { bare, refusal, script, sleeper } from './cast.ts';
import { type Fault, onlyWithSignals } from './fault.ts';
import type { Stage } from './stage.ts';

/** A start on a machine that does ten of them at once. */
const manyTimeoutMs = 60_000;

/** Until the next one has surely asked who runs: so many times what the first start took whole… */
const startsUntilAsked = 3;

/** …but not so long that it loses its patience, in ms. */
const longestEndMs = 10_000;

async function startTen(stage: Stage): Promise<string> {
  const count = stage.isQuick ? 4 : 10;
  const place = await stage.place({ settings: bare, servers: [sleeper('one')] });
  const started = Array.from({ length: count }, () => place.spawn());
  await until(() => started.filter(({ isRunning }) => isRunning).length === 1, {
    what: 'all but one to end',
    timeoutMs: manyTimeoutMs,
  });
  const [winner] = started.filter(({ isRunning }) => isRunning);
  for (const each of started) {
    if (each === winner) continue;
    assert.equal(await each.exited, 0, each.output());
    assert.match(each.output(), new RegExp(`process ${winner?.pid}, headless`));
  }
  await until(async () => (await place.ports())?.supervisor_pid === winner?.pid, {
    what: 'ports.json of the winner',
  });
  const sleepers = () => place.survivors().filter(({ command }) => command.includes('setInterval'));
  await until(() => sleepers().length > 0, { what: 'the service of the winner' });
  assert.equal(sleepers().length, 1, 'the service runs more than once');
  return `1 of ${count} runs, the others said where (process ${winner?.pid}) and ended with 0; its service runs once`;
}

/** One ends while the next one starts: it must wait for it, not fail and not run beside it. */
async function startWhileEnding(stage: Stage): Promise<string> {
  const slow = script(
    'slow',
    `const { existsSync } = require('node:fs');
    process.on('SIGTERM', () => setInterval(() => existsSync('go') && process.exit(), 20));
    console.log('ready'); setInterval(() => {}, 1e6);`,
    { readiness_log: 'ready', stop_grace_ms: 60_000 },
  );
  const place = await stage.place({ settings: bare, servers: [slow] });
  const since = performance.now();
  const first = await stage.start({ place });
  const startMs = performance.now() - since;
  first.process.kill('SIGTERM');
  const second = place.spawn();
  const endMs = Math.round(Math.min(startsUntilAsked * startMs, longestEndMs));
  await Promise.race([second.exited, delay(endMs)]);
  assert.ok(first.process.isRunning, 'it did not wait for its service');
  assert.ok(second.isRunning, `the second one did not wait:\n${second.output()}`);
  assert.equal(second.output(), '', 'the second one did not wait');
  await writeFile(join(place.folder, 'go'), '');
  assert.equal(await first.process.exited, 0);
  await until(async () => (await place.ports())?.supervisor_pid === second.pid, {
    what: 'the second one to take the place',
    timeoutMs: 30_000,
    instead: () => second.output(),
  });
  const ours = () => place.survivors().filter(({ command }) => command.includes('setInterval'));
  await until(() => ours().length === 1, { what: 'its service', instead: ours });
  return `process ${first.process.pid} took ${endMs} ms for its end, process ${second.pid} waited so long and took its place`;
}

/** What lies at the path of the socket: that of a killed one, then one on which a stranger listens. */
async function staleSocket(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare });
  const first = await stage.start({ place });
  first.process.kill('SIGKILL');
  await first.process.exited;
  const folder = join(place.folder, 'run', 'project-memory-supervisor');
  assert.ok(
    (await readdir(folder)).some((name) => name.endsWith('.sock')),
    'no socket was left',
  );
  const second = await stage.start({ place });
  const who = await second.control<'WhoAmI'>({ type: 'WhoAmI' });
  assert.equal(who.pid, second.process.pid);
  assert.equal(await second.stop(), 0);
  const stranger = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('a stranger\n');
  });
  await new Promise<void>((resolve) => {
    stranger.listen(second.ports.control_socket, resolve);
  });
  stage.defer(() => void stranger.close());
  const third = place.spawn();
  await until(() => third.output().includes('MCP for your clients:'), {
    what: 'its start without the socket',
    instead: () => third.output(),
  });
  const { control_socket: path } = second.ports;
  // Who says nothing is told goodbye by ours; the stranger talks first.
  const answer = await text(connect(path).end());
  assert.equal(answer, 'a stranger\n', 'the socket of the stranger was taken from it');
  const said = /Another supervisor answers on .*/.exec(third.output())?.[0] ?? '';
  assert.ok(said.includes(path), `the stranger is not named:\n${third.output()}`);
  return `the socket of a killed one was replaced; with a stranger's there: it runs without, the stranger still answers, "${said}"`;
}

async function foreignFolder(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare });
  const folder = join(place.folder, 'run', 'project-memory-supervisor');
  await mkdir(folder);
  await chmod(folder, 0o777);
  await chown(folder, 12_345, 12_345);
  const started = place.spawn();
  assert.equal(await refusal(started), 1, started.output());
  const said = /cannot start: .*/.exec(started.output())?.[0] ?? '';
  assert.match(said, /belongs to another user/);
  assert.deepEqual(await readdir(folder), [], 'something was put into it');
  return `exit 1, "${said}"`;
}

export const instances: readonly Fault[] = [
  {
    id: 'F10',
    done: 'ten starts at the same moment',
    promised: 'one runs, nine say where it is and exit 0; each service runs once',
    isQuick: false,
    run: startTen,
  },
  {
    id: 'F10b',
    done: 'a start while the one before is just ending',
    promised: 'it waits for it and takes its place',
    isQuick: false,
    lacks: onlyWithSignals,
    run: startWhileEnding,
  },
  {
    id: 'F10c',
    done: "the control socket is a dead one's, then another program's",
    promised: 'the dead one is replaced, the living one is left alone and named',
    isQuick: false,
    lacks: onlyWithSignals,
    run: staleSocket,
  },
  {
    id: 'F10d',
    done: 'the runtime folder belongs to another user',
    promised: 'nothing is trusted in it: exit 1 with the cause',
    isQuick: false,
    lacks: () => (process.getuid?.() === 0 ? null : 'needs root, to give a folder away'),
    run: foreignFolder,
  },
];
