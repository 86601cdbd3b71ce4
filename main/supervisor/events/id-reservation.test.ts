import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { soon } from './events.test-helper.ts';
import { IdReservation } from './id-reservation.ts';
import { MemoryLog, tempFolder } from './room.test-helper.ts';

/** Real ones, counted: how else would anybody know that one has ended? */
const writes = vi.hoisted(() => ({ done: 0 }));
vi.mock(import('../config/write-file.ts'), async (original) => {
  const real = await original();
  const replaceFile = async (path: string, text: string) => {
    await real.replaceFile(path, text);
    writes.done += 1;
  };
  return { ...real, replaceFile };
});

/** Ids written ahead. */
const block = 100_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00Z') });
});

afterEach(() => {
  vi.useRealTimers();
});

interface Run {
  readonly ids: IdReservation;
  readonly file: string;
  readonly log: MemoryLog;
}

async function open(folder: string, floor: number | null = 0): Promise<Run> {
  const log = new MemoryLog();
  const file = join(folder, 'event-ids.json');
  return { ids: await IdReservation.open(file, floor, log.logger), file, log };
}

/** Uses `count` ids in one turn, returns the last one. */
function use(ids: IdReservation, count: number, from = ids.firstId): number {
  for (let id = from; id < from + count; id += 1) ids.use(id);
  return from + count - 1;
}

test('ids begin with 1, and an orderly restart leaves no hole', async () => {
  await using folder = await tempFolder();
  const first = await open(folder.path);
  expect(first.ids.firstId).toBe(1);
  await first.ids.close(use(first.ids, 10));
  const second = await open(folder.path, 10);
  expect(second.ids.firstId).toBe(11);
  await second.ids.close(second.ids.firstId - 1);
  expect((await open(folder.path, 10)).ids.firstId).toBe(11);
});

test('after a crash no id is used that may have been given out', async () => {
  await using folder = await tempFolder();
  const first = await open(folder.path);
  const last = use(first.ids, 10);
  // The journal had not yet committed the last three.
  const second = await open(folder.path, last - 3);
  expect(second.ids.firstId).toBeGreaterThan(last);
  expect(second.ids.firstId).toBeLessThanOrEqual(block + 1);
});

test('further ids are reserved before they are needed', { timeout: 60_000 }, async () => {
  await using folder = await tempFolder();
  const { ids, file } = await open(folder.path);
  const reserved = async () => Number(JSON.parse(await readFile(file, 'utf8')).next_id);
  let last = 0;
  for (let round = 1; round <= 10; round += 1) {
    last = use(ids, block / 4, last + 1);
    expect(await reserved()).toBeGreaterThan(last);
    // A file is written and synced: seconds, where the disk is busy.
    await soon(async () => expect(await reserved()).toBeGreaterThan(last + block / 2), 15_000);
  }
});

test.each([block - 1, block, block + 1, 3 * block, 3.7 * block])(
  '%d events in one turn are more than was reserved, and still safe after a crash',
  async (count) => {
    await using folder = await tempFolder();
    const { ids, file } = await open(folder.path);
    const last = use(ids, count);
    expect(Number(JSON.parse(readFileSync(file, 'utf8')).next_id)).toBeGreaterThan(last);
    await ids.close(last);
    expect((await open(folder.path)).ids.firstId).toBe(last + 1);
  },
);

test('a reservation that is under way does not undo a later one', async () => {
  await using folder = await tempFolder();
  const { ids, file } = await open(folder.path);
  const reserved = () => Number(JSON.parse(readFileSync(file, 'utf8')).next_id);
  const before = writes.done;
  const last = use(ids, 3.2 * block);
  await soon(() => {
    // The one that began half-way through the first block has ended.
    expect(writes.done).toBeGreaterThan(before);
    expect(reserved()).toBeGreaterThan(last);
  });
});

test('a journal that knows of larger ids than the file is believed', async () => {
  await using folder = await tempFolder();
  const first = await open(folder.path);
  await first.ids.close(use(first.ids, 10));
  expect((await open(folder.path, 5_000)).ids.firstId).toBe(5_001);
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '{"next_id":"7"}',
  '{"next_id":-1}',
  '{"next_id":1.5}',
  '\0\0\0',
  '{"next_id":1e300}',
])('a damaged file (%j) leads to ids that no counter has reached', async (content) => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'event-ids.json'), content);
  const { ids } = await open(folder.path);
  expect(ids.firstId).toBeGreaterThanOrEqual(Date.now());
  expect(ids.firstId + 1_000 * block).toBeLessThan(Number.MAX_SAFE_INTEGER);
});

test('with a missing file the journal says how far ids are, and its lost end is skipped', async () => {
  await using folder = await tempFolder();
  const first = await open(folder.path);
  const last = use(first.ids, 1_000);
  await rm(first.file);
  expect((await open(folder.path, last - 300)).ids.firstId).toBeGreaterThan(last);
});

test('with a missing file and a journal that cannot be read this may be no first start', async () => {
  await using folder = await tempFolder();
  const now = Date.now() * 1_000;
  expect((await open(folder.path, null)).ids.firstId).toBeGreaterThanOrEqual(now);
  await using known = await tempFolder();
  const first = await open(known.path);
  await first.ids.close(70);
  expect((await open(known.path, null)).ids.firstId).toBe(71);
});

test('a clock set back changes nothing, with a damaged file neither as long as there is a journal', async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'event-ids.json'), 'damaged');
  const first = await open(folder.path);
  const last = use(first.ids, 1_000);
  vi.setSystemTime(new Date('2001-01-01T00:00:00Z'));
  const second = await open(folder.path, last - 300);
  expect(second.ids.firstId).toBeGreaterThan(last);
  const later = use(second.ids, 1_000);
  await writeFile(second.file, 'damaged again');
  expect((await open(folder.path, later - 300)).ids.firstId).toBeGreaterThan(later);
});

test('where it cannot be written, that is said and ids go on', async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'file'), '');
  const { ids, log } = await open(join(folder.path, 'file', 'folder'));
  expect(log.saying('event ids could not be reserved')).toHaveLength(1);
  use(ids, 2 * block);
  expect(log.saying('event ids could not be reserved').length).toBeGreaterThan(1);
  await ids.close(5);
});

test('a folder in its place is said too', async () => {
  await using folder = await tempFolder();
  await mkdir(join(folder.path, 'event-ids.json'));
  const { ids, log } = await open(folder.path);
  expect(log.saying('event ids could not be reserved')).toHaveLength(1);
  expect(ids.firstId).toBeGreaterThanOrEqual(Date.now());
});

interface Life {
  readonly events: number;
  readonly end: 'orderly' | 'crash at once' | 'crash later';
  /** What happens to the file before the next start. */
  readonly file: 'untouched' | 'missing' | 'damaged';
  /** Newest events that the journal lost with the crash. */
  readonly lost: number;
  readonly clockStepMs: number;
}

const lives = (journal: boolean): fc.Arbitrary<Life[]> =>
  fc.array(
    fc.record({
      events: fc.oneof(fc.nat(1_000), fc.nat(3 * block)),
      end: fc.constantFrom('orderly', 'crash at once', 'crash later'),
      // Without a journal nobody knows how far a missing file was; it is a new start then.
      file: journal
        ? fc.constantFrom('untouched', 'missing', 'damaged')
        : fc.constantFrom('untouched', 'damaged'),
      lost: fc.nat(5_000),
      // Only a journal tells of ids when the file is damaged and the clock is set back.
      clockStepMs: fc.integer({ min: journal ? -4_000_000_000 : 1_000, max: 4_000_000_000 }),
    }),
    { minLength: 1, maxLength: 6 },
  );

test.each([true, false])('W6 ids never repeat, whatever happens (journal: %j)', async (journal) => {
  const play = async (plan: readonly Life[]) => {
    await using folder = await tempFolder();
    let last = 0;
    let floor = 0;
    for (const { events, end, file: fate, lost, clockStepMs } of plan) {
      const { ids, file } = await open(folder.path, journal ? floor : 0);
      expect(ids.firstId).toBeGreaterThan(last);
      last = use(ids, events);
      if (end === 'crash later') await turn();
      let kept = readFileSync(file, 'utf8');
      // What a real crash would have left undone ends now; then the file is as it was at the crash.
      await ids.close(last);
      if (end === 'orderly') kept = readFileSync(file, 'utf8');
      writeFileSync(file, fate === 'damaged' ? kept.slice(0, -4) : kept);
      floor = Math.max(floor, end === 'orderly' ? last : last - Math.min(lost, events));
      // With nothing in the journal either, it would be a first start.
      if (fate === 'missing' && floor > 0) await rm(file);
      vi.setSystemTime(Date.now() + clockStepMs);
    }
  };
  await fc.assert(fc.asyncProperty(lives(journal), play), { numRuns: 20 });
});
