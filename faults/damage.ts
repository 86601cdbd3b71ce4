/** F9: files that are half there, full of zeros, of noise, or empty: the configuration and all state. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { claimInstanceLock } from '../main/instance-lock.ts';
import type { Place, RunningSupervisor } from '../test/harness.ts';
import { bare, emit, isReady, refusal, serviceIn, sleeper } from './cast.ts';
import { type Fault, onlyWithSignals } from './fault.ts';
import type { Stage } from './stage.ts';

const damages: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  half: (content) => content.subarray(0, Math.floor(content.length / 2)),
  zeros: ({ length }) => Buffer.alloc(length),
  noise: ({ length }) => randomBytes(Math.max(length, 64)),
  empty: () => Buffer.alloc(0),
};

/** One is enough for the short form: nothing is right in it, but its length. */
const damagesOf = ({ isQuick }: Stage) =>
  Object.entries(damages).filter(([name]) => !isQuick || name === 'noise');

/**
 * All that the supervisor writes for itself; not the data of the bundled servers, no logs, and not the lock,
 * which has a part of its own.
 */
async function stateOf(place: Place): Promise<readonly string[]> {
  const entries = await readdir(place.folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\.(json|toml|db|db-wal|db-shm|pid)$|control-token$/.test(path))
    .filter((path) => path !== place.configPath && !basename(path).startsWith('memory.db'))
    .toSorted();
}

const kept = sleeper('kept', { on_supervisor_exit: 'keep' });

/** A kill -9 leaves everything as it lies, so that there is something to damage. */
async function leaveState(stage: Stage, place: Place): Promise<number> {
  const supervisor = await stage.start({ place, isReady: isReady('kept') });
  const id = await emit(supervisor, 'before the damage');
  // The journal commits within 50 ms; what is read from it was committed.
  const stream = await stage.subscriber(supervisor, { headers: { 'last-event-id': '0' } });
  await stream.until('the event', ({ lastEventId }) => lastEventId === String(id));
  supervisor.process.kill('SIGKILL');
  await supervisor.process.exited;
  return id;
}

async function assertWorks(supervisor: RunningSupervisor, lastId: number): Promise<number> {
  const snapshot = await supervisor.snapshot();
  assert.equal(snapshot.config.running, 'file');
  assert.equal(serviceIn(snapshot, 'kept').state, 'ready');
  assert.equal(snapshot.events.journal.state, 'on', snapshot.events.journal.lastError ?? '');
  const id = await emit(supervisor, 'after the damage');
  assert.ok(id > lastId, `event ${id} came after ${lastId}`);
  return id;
}

async function damageState(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare, servers: [kept] });
  const done: string[] = [];
  let lastId = await leaveState(stage, place);
  for (const [name, change] of damagesOf(stage)) {
    const files = await stateOf(place);
    for (const path of files) await writeFile(path, change(await readFile(path)));
    const supervisor = await stage.start({ place, isReady: isReady('kept') });
    lastId = await assertWorks(supervisor, lastId);
    assert.equal(await supervisor.stop(), 0);
    lastId = await leaveState(stage, place);
    done.push(`${name} (${files.length} files)`);
  }
  return `all at once: ${done.join(', ')}; each time it started with its service and journal, ids went on to ${lastId}`;
}

async function damageEach(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare, servers: [kept] });
  let lastId = await leaveState(stage, place);
  let starts = 0;
  const names = new Set<string>();
  const files = (await stateOf(place)).map((path) => relative(place.folder, path));
  for (const file of files) {
    for (const change of Object.values(damages)) {
      const path = join(place.folder, file);
      const content = await readFile(path).catch(() => null);
      // An orderly end takes some of them away.
      if (content === null) continue;
      await writeFile(path, change(content));
      const supervisor = await stage.start({ place, isReady: isReady('kept') }).catch((error) => {
        throw new Error(`${file}: ${String(error.message)}`);
      });
      lastId = await assertWorks(supervisor, lastId);
      supervisor.process.kill('SIGKILL');
      await supervisor.process.exited;
      starts += 1;
      names.add(basename(file).replace(/-?[0-9a-f]{10,}|\d{8}T\d+Z/g, ''));
    }
  }
  return `${starts} starts, each with one damaged file (${[...names].join(', ')}): service ready, journal on, ids went on to ${lastId}`;
}

async function damageConfig(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare, servers: [kept] });
  const good = Buffer.from(await place.readConfig());
  const first = await stage.start({ place, isReady: isReady('kept') });
  assert.equal(await first.stop(), 0);
  const told: string[] = [];
  const cut = good.lastIndexOf('"');
  const config = { ...damages, half: (content: Buffer) => content.subarray(0, cut) };
  for (const [name, change] of Object.entries(config)) {
    // An empty file is a valid one: everything has its default.
    if (name === 'empty') continue;
    const bad = change(good);
    await writeFile(place.configPath, bad);
    const supervisor = await stage.start({ place, isReady: isReady('kept') });
    const { config: status } = await supervisor.snapshot();
    assert.equal(status.running, 'last_good', name);
    assert.ok(status.problems.some(({ severity }) => severity === 'error'));
    assert.deepEqual(await readFile(place.configPath), bad, 'the file of the user was changed');
    const { line, column } = status.problems[0] ?? { line: 0, column: 0 };
    told.push(`${name} (error at ${line}:${column})`);
    assert.equal(await supervisor.stop(), 0);
  }
  return `${told.join(', ')}: the last good one ran, the file was left as it is`;
}

async function damageWhileRunning(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare, servers: [kept] });
  const supervisor = await stage.start({ place, isReady: isReady('kept') });
  const { pid } = serviceIn(await supervisor.snapshot(), 'kept');
  const stream = await stage.subscriber(supervisor);
  const before = await emit(supervisor, 'before the noise');
  const files = await stateOf(place);
  // The journal is an open file of SQLite's.
  const free = files.filter((path) => !/\.(db|db-wal|db-shm)$/.test(path));
  for (const path of free) await writeFile(path, randomBytes(100));
  await writeFile(place.configPath, randomBytes(500));
  const broken = await supervisor.until(
    'the problem with the configuration',
    ({ config }) => config.running === 'last_good',
  );
  assert.equal(serviceIn(broken, 'kept').pid, pid);
  const id = await emit(supervisor, 'amid noise');
  assert.equal(id, before + 1);
  await stream.until('the event', ({ lastEventId }) => lastEventId === String(id));
  const page = await fetch(supervisor.loginUrl, { redirect: 'manual' });
  assert.equal(page.status, 303, 'the page does not open any more');
  const after = serviceIn(await supervisor.snapshot(), 'kept');
  assert.deepEqual([after.pid, after.restarts], [pid, 0]);
  assert.equal(await supervisor.stop(), 0);
  assert.deepEqual(place.survivors(), []);
  return `${free.length} files of state and the configuration overwritten with noise: same process; control, page and events go on; ended in order`;
}

/** The lock is always empty. What is in its place with something in it is not ours to destroy. */
async function damageLock(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare });
  const folder = join(place.folder, 'run', 'project-memory-supervisor');
  const first = await stage.start({ place });
  const name = (await readdir(folder)).find((each) => each.endsWith('.lock')) ?? '';
  const noise = randomBytes(4_096);
  await writeFile(join(folder, name), noise);
  // While it is held, noise in it lets nobody in.
  const mine = await claimInstanceLock(join(folder, name)).catch(() => 'nobody holds it');
  assert.equal(mine, null, 'noise sets the lock free');
  const beside = place.spawn();
  assert.equal(await refusal(beside), 0, beside.output());
  assert.match(beside.output(), new RegExp(`process ${first.process.pid}, headless`));
  assert.equal(await first.stop(), 0);
  const refused = place.spawn();
  assert.equal(await refusal(refused), 1, refused.output());
  const said = /cannot start: .*/.exec(refused.output())?.[0] ?? '';
  assert.match(said, /\.lock: .*Remove what is there/);
  assert.deepEqual(await readFile(join(folder, name)), noise);
  await rm(join(folder, name));
  await stage.start({ place });
  return `held, it let no second one in; free, exit 1: "${said.replace(folder, '…')}"; that cure works`;
}

export const damage: readonly Fault[] = [
  {
    id: 'F9',
    done: 'journal, ids, token, records, ports.json, history are half, zeros, noise or empty, all at once',
    promised: 'it starts, its services run, a new journal is kept, no event id comes twice',
    isQuick: true,
    lacks: onlyWithSignals,
    run: damageState,
  },
  {
    id: 'F9b',
    done: 'the same to each file alone',
    promised: 'the same',
    isQuick: false,
    lacks: onlyWithSignals,
    run: damageEach,
  },
  {
    id: 'F9c',
    done: 'the configuration is cut off, zeros or noise at a start',
    promised: 'the last good one runs, the place of the error is told, the file is not touched',
    isQuick: false,
    lacks: onlyWithSignals,
    run: damageConfig,
  },
  {
    id: 'F9d',
    done: 'configuration and state turn into noise while it runs',
    promised: 'nothing restarts, everything goes on',
    isQuick: false,
    lacks: onlyWithSignals,
    run: damageWhileRunning,
  },
  {
    id: 'F9e',
    done: 'the lock file is full of noise, while it is held and when it is free',
    promised: 'never two supervisors; what is in the way is named with its cure, and not destroyed',
    isQuick: false,
    lacks: onlyWithSignals,
    run: damageLock,
  },
];
