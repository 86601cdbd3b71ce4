/** F5: a disk that is full, on a small one of its own: journal, logs, configuration, state. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { configText, type Place, type RunningSupervisor } from '../test/harness.ts';
import { makePlan } from '../test/mcp-clients.ts';
import { until } from '../test/until.ts';
import { bare, emit, isReady, script, serviceIn } from './cast.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const diskMb = 6;

/** Events while it is full; more than the room that the journal has set aside. */
const eventsWhileFull = 400;
const bigText = 'x'.repeat(4_000);

/** Larger than what may be left of a page of the disk. */
const bigComment = `# ${'x'.repeat(20_000)}\n`;

const printer = script('printer', `setInterval(() => console.log('x'.repeat(1_000)), 10)`);

/** A file that takes all that is left; the returned function removes it. */
async function fill(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'ballast');
  const file = await open(path, 'w');
  try {
    for (let bytes = 64 * 1_024; bytes >= 1; ) {
      const { bytesWritten } = await file
        .write(Buffer.alloc(bytes, 1))
        .catch(() => ({ bytesWritten: 0 }));
      if (bytesWritten < bytes) bytes = Math.floor(bytes / 2);
    }
  } finally {
    await file.close();
  }
  return () => rm(path);
}

/** The sizes of what must not be lost: files of state that were not empty. */
async function sizesIn(folder: string): Promise<ReadonlyMap<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) =>
      entry.isFile() && /\.(json|toml|log|db)$|token$/.test(entry.name) && entry.name !== 'ballast',
  );
  const sizes = files.map(async (file) => {
    const path = join(file.parentPath, file.name);
    return [path, (await stat(path)).size] as const;
  });
  return new Map((await Promise.all(sizes)).filter(([, size]) => size > 0));
}

async function assertNothingEmptied(
  folder: string,
  before: ReadonlyMap<string, number>,
): Promise<void> {
  const now = await sizesIn(folder);
  const emptied = [...before.keys()].filter((path) => !now.has(path));
  assert.deepEqual(emptied, [], 'emptied or gone');
}

async function save(supervisor: RunningSupervisor, text: string) {
  const { hash } = await supervisor.control<'GetConfig'>({ type: 'GetConfig' });
  const request = { type: 'SaveConfig', text, base_hash: hash };
  return await supervisor.client.line(JSON.stringify(request));
}

/** Publishes until the journal is as wanted; tells how many events that took. */
async function publishUntil(supervisor: RunningSupervisor, state: 'troubled' | 'on') {
  for (let count = 0; count < eventsWhileFull; count += 1) {
    await emit(supervisor, bigText);
    const { journal } = (await supervisor.snapshot()).events;
    if (journal.state === state) return journal;
  }
  throw new Error(`the journal is not "${state}" after ${eventsWhileFull} events`);
}

async function whileFull(supervisor: RunningSupervisor): Promise<string> {
  const { place } = supervisor;
  const journal = await publishUntil(supervisor, 'troubled');
  const full = await supervisor.until(
    'the trouble with the log to be shown',
    (it) => (serviceIn(it, 'printer').outputProblem ?? null) !== null,
  );
  const before = await place.readConfig();
  const reply = await save(supervisor, `${before}\n${bigComment}`);
  assert.ok(!reply.ok, 'a configuration was saved on a full disk');
  assert.match(reply.error, /space|ENOSPC|full/i);
  assert.equal(await place.readConfig(), before, 'the configuration was changed');
  const { checks } = await supervisor.control<'Doctor'>({ type: 'Doctor' });
  for (const name of ['disk', 'journal']) {
    const check = checks.find((each) => each.name === name);
    assert.equal(check?.status, 'problem', `the doctor finds nothing about ${name}`);
  }
  const { lines } = await supervisor.control<'Logs'>({ type: 'Logs', service: 'printer' });
  assert.ok(lines.length > 0);
  return `${journal.lost}+ events not on disk ("${journal.lastError}"), log told as "${serviceIn(full, 'printer').outputProblem}", save refused (${reply.code})`;
}

async function untilWell(supervisor: RunningSupervisor): Promise<void> {
  await publishUntil(supervisor, 'on');
  await supervisor.until(
    'the log to be written again',
    (it) => (serviceIn(it, 'printer').outputProblem ?? null) === null,
    30_000,
  );
  const reply = await save(supervisor, `${await supervisor.place.readConfig()}\n${bigComment}`);
  assert.ok(reply.ok, `not saved: ${JSON.stringify(reply).slice(0, 200)}`);
}

/** A place whose folder is the small disk: data, configuration and home are all on it. */
async function placeOnDisk(stage: Stage): Promise<Place> {
  const place = await stage.place();
  await stage.disk(place.folder, diskMb);
  await mkdir(join(place.folder, 'home'));
  await mkdir(join(place.folder, 'run'), { mode: 0o700 });
  const settings = {
    dashboard: { port: 0, enabled: false },
    runtime_output: { max_file_mb: 1, max_files: 1 },
  };
  await place.writeConfig(configText(place.folder, settings, [printer]));
  return place;
}

async function fillsUp(stage: Stage): Promise<string> {
  const place = await placeOnDisk(stage);
  const supervisor = await stage.start({ place });
  const client = await stage.client(supervisor, 'agent');
  await makePlan(client, '/work/before');
  const stream = await stage.subscriber(supervisor);
  const first = await emit(supervisor, 'before');
  const sizes = await sizesIn(place.folder);
  const makeRoom = await fill(place.folder);
  const seen = await whileFull(supervisor);
  const call = await makePlan(client, '/work/while-full').then(
    () => 'a call worked',
    () => 'a call was refused by its tool',
  );
  const last = await emit(supervisor, 'while full');
  await stream.until('every event', ({ lastEventId }) => lastEventId === String(last));
  const ids = stream.events.map(({ lastEventId }) => Number(lastEventId));
  assert.deepEqual(ids.slice(ids.indexOf(first)), range(first, last), 'live events are missing');
  await assertNothingEmptied(place.folder, sizes);
  await makeRoom();
  await untilWell(supervisor);
  await makePlan(client, '/work/after');
  await assertNothingEmptied(place.folder, sizes);
  const replayed = await replayAfterRestart(stage, supervisor, first);
  return `${seen}, ${call}, ${last - first + 1} events live without a hole; with room again all of it worked by itself; ${replayed}`;
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** What the disk did not take is announced as a gap, and nothing else is missing. */
async function replayAfterRestart(
  stage: Stage,
  supervisor: RunningSupervisor,
  from: number,
): Promise<string> {
  assert.equal(await supervisor.stop(), 0);
  const next = await stage.start({ place: supervisor.place });
  const stream = await stage.subscriber(next, { headers: { 'last-event-id': String(from) } });
  const end = String(await emit(next, 'the end'));
  await stream.until('the newest event', ({ lastEventId }) => lastEventId === end);
  let expected = from + 1;
  for (const { type, data, lastEventId } of stream.events) {
    const { from: begin, to } =
      type === 'gap'
        ? (JSON.parse(data) as { from: number; to: number })
        : { from: Number(lastEventId), to: Number(lastEventId) };
    assert.equal(begin, expected, 'a hole that nobody told of');
    expected = to + 1;
  }
  const gaps = stream.events.filter(({ type }) => type === 'gap').length;
  return `after a restart ${stream.events.length - gaps} events replayed, ${gaps} gap told`;
}

async function startsFull(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare, servers: [printer] });
  const data = join(place.folder, 'data');
  await mkdir(data);
  await stage.disk(data, diskMb);
  const first = await stage.start({ place, isReady: isReady('printer') });
  const before = await emit(first, 'before');
  assert.equal(await first.stop(), 0);
  const sizes = await sizesIn(place.folder);
  const makeRoom = await fill(data);
  const second = await stage.start({ place, isReady: isReady('printer') });
  const after = await emit(second, 'on a full disk');
  assert.ok(after > before, `event ${after} came after ${before}`);
  const { journal } = (await second.snapshot()).events;
  assert.equal(journal.state, 'troubled');
  await assertNothingEmptied(place.folder, sizes);
  await makeRoom();
  await until(async () => (await second.snapshot()).events.journal.state === 'on', {
    what: 'the journal of the same run',
  });
  const kept = await emit(second, 'with room again');
  assert.equal(await second.stop(), 0);
  const third = await stage.start({ place, isReady: isReady('printer') });
  const last = await emit(third, 'after a restart');
  assert.ok(last > kept && kept > after, `the ids were ${after}, ${kept}, ${last}`);
  const told = await replayed(stage, third, before);
  assert.deepEqual(told, [`gap ${after}-${after}`, String(kept), String(last)]);
  return `it started, service ready, journal "${journal.state}"; ids ${before}, ${after}, ${kept}, ${last}; nothing emptied; with room the journal was on again by itself; after a restart ${told.join(', ')}`;
}

/** What a subscriber that has seen event `from` is told, up to the newest event. */
async function replayed(stage: Stage, supervisor: RunningSupervisor, from: number) {
  const { lastId } = (await supervisor.snapshot()).events;
  const stream = await stage.subscriber(supervisor, { headers: { 'last-event-id': String(from) } });
  await stream.until('the newest event', ({ lastEventId }) => lastEventId === String(lastId));
  return stream.events.map(({ type, data, lastEventId }) => {
    const gap = JSON.parse(data) as { readonly from: number; readonly to: number };
    return type === 'gap' ? `gap ${gap.from}-${gap.to}` : lastEventId;
  });
}

async function canMount(): Promise<boolean> {
  return await access('/bin/mount', constants.X_OK).then(
    () => process.getuid?.() === 0,
    () => false,
  );
}

const isMountable = process.platform === 'linux' && (await canMount());
const lacks = () => (isMountable ? null : 'needs to mount a small tmpfs: run it as root on Linux');

export const disk: readonly Fault[] = [
  {
    id: 'F5',
    done: `a disk of ${diskMb} MB with journal, logs, configuration and data fills up, and has room again`,
    promised:
      'control, services and live events go on; each loss is told; nothing is emptied or half written; it recovers by itself',
    isQuick: false,
    lacks,
    run: fillsUp,
  },
  {
    id: 'F5b',
    done: 'a start while the disk with the data is full',
    promised:
      'it starts, says what is not kept, never gives out an id twice; with room again events are kept without a restart',
    isQuick: false,
    lacks,
    run: startsFull,
  },
];
