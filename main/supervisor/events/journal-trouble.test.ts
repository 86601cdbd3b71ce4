/** A journal whose disk, file or thread is not as it should be: said, survived, and no event is harmed. */
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { beforeAll, expect, test } from 'vitest';
import { account, channelOf, FakeSubscriber, publish } from './channel.test-helper.ts';
import { noSmallDisk, smallDisk, soon } from './events.test-helper.ts';
import {
  append,
  committed,
  eventText,
  type OpenJournal,
  openJournal,
  storedIds,
} from './journal.test-helper.ts';
import { tempFolder } from './room.test-helper.ts';

/** A file that could not be opened is tried again after 1, 2, 4 … s; the machine may be busy. */
const retryTestMs = 20_000;

let sound: Buffer;

beforeAll(async () => {
  await using folder = await tempFolder();
  const { journal, file } = await openJournal(folder.path);
  await append(journal, 1, 2_000);
  await journal.close();
  sound = await readFile(file);
});

/** A sound file with 2,000 events. */
async function soundFile(folder: string): Promise<string> {
  const file = join(folder, 'events.db');
  await writeFile(file, sound, { mode: 0o600 });
  return file;
}

const damages: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'random bytes': (bytes) => Buffer.from(bytes.map((_, index) => (index * 7_919) % 251)),
  'only NUL': (bytes) => Buffer.alloc(bytes.length),
  'cut in the middle': (bytes) => bytes.subarray(0, bytes.length / 2),
  'cut within a page': (bytes) => bytes.subarray(0, bytes.length - 100),
  'a text': () => Buffer.from('{"next_id":5}\n'),
  'pages of NUL': (bytes) =>
    Buffer.concat([bytes.subarray(0, 8_192), Buffer.alloc(bytes.length - 8_192)]),
};

test.each(Object.keys(damages))(
  'a damaged file (%s) is set aside, and that is said',
  async (name) => {
    await using folder = await tempFolder();
    const file = await soundFile(folder.path);
    const bytes = damages[name]?.(await readFile(file)) ?? Buffer.alloc(0);
    await writeFile(file, bytes);
    await using opened = await openJournal(folder.path);
    expect(opened.journal.status()).toMatchObject({ state: 'on', events: 0 });
    expect(opened.journal.status().lastError).toContain(`set aside as ${file}.damaged`);
    expect(opened.log.saying('event journal was damaged')).toHaveLength(1);
    expect(await readFile(`${file}.damaged`)).toEqual(bytes);
    await append(opened.journal, 5_001, 5_010);
    expect(await storedIds(opened.journal)).toHaveLength(10);
  },
);

test('a second damaged file takes the place of the first', async () => {
  await using folder = await tempFolder();
  for (const content of ['one', 'two']) {
    await writeFile(join(folder.path, 'events.db'), content.repeat(100));
    await using opened = await openJournal(folder.path);
    expect(opened.journal.status().state).toBe('on');
  }
  const kept = await readFile(join(folder.path, 'events.db.damaged'), 'utf8');
  expect(kept).toBe('two'.repeat(100));
});

test('a table that some other program made is set aside too', async () => {
  await using folder = await tempFolder();
  const database = new DatabaseSync(join(folder.path, 'events.db'));
  database.exec('CREATE TABLE events (something TEXT)');
  database.close();
  await using opened = await openJournal(folder.path);
  expect(opened.journal.status()).toMatchObject({ state: 'on' });
  expect(opened.log.saying('event journal was damaged')).toHaveLength(1);
});

test('an event whose bytes were flipped on the disk is a hole, not a broken frame', async () => {
  await using folder = await tempFolder();
  const file = await soundFile(folder.path);
  const database = new DatabaseSync(file);
  const damage = database.prepare('UPDATE events SET json = ? WHERE id = ?');
  damage.run('{"id":3,"da', 3);
  damage.run('{"id":4,\n"data":{}}', 4);
  damage.run(eventText(77), 5);
  damage.run('{"id":1999,"data":{"event', 1_999);
  database.close();
  await using opened = await openJournal(folder.path);
  const { journal, tail } = opened;
  const channel = channelOf({ firstId: 2_001, journal, bufferSize: 100 });
  channel.restore(tail.texts);
  const client = new FakeSubscriber().subscribe(channel, '1');
  const filter = { types: new Set(['test']), workspaceId: null, planId: null };
  const choosy = new FakeSubscriber().subscribe(channel, '1', filter);
  await soon(() => expect(client.ids.at(-1)).toBe(2_000));
  await soon(() => expect(choosy.ids.at(-1)).toBe(2_000));
  expect(account(client.seen, 2)).toBe(2_001);
  expect(client.gaps).toEqual([
    { from: 3, to: 5, reason: 'unknown' },
    { from: 1_999, to: 1_999, reason: 'unknown' },
  ]);
  expect(choosy.gaps).toEqual(client.gaps);
});

const notOpened = 'event journal cannot be opened';
const worksAgain = 'event journal works again';

async function expectHarmless(
  { journal, log }: OpenJournal,
  state: 'troubled' | 'failed' = 'troubled',
): Promise<void> {
  expect(journal.status()).toMatchObject({ state, events: 0, lost: 0 });
  expect(journal.status().lastError).toMatch(/./);
  expect(journal.lastId).toBeNull();
  const says = state === 'troubled' ? notOpened : 'there is no event journal';
  expect(log.saying(says)).toHaveLength(1);
  journal.append(1, eventText(1));
  expect(await journal.read(1, 10)).toEqual({ oldestId: 0, events: { ids: [], texts: [] } });
  const channel = channelOf({ journal });
  publish(channel, 12);
  // What is in memory is replayed all the same.
  expect(new FakeSubscriber().subscribe(channel, '9').ids).toEqual([10, 11, 12]);
}

test('where there can be no folder it is said, and events go on in memory', async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'file'), '');
  await using opened = await openJournal(join(folder.path, 'file', 'folder'));
  await expectHarmless(opened);
});

test('a folder in its place is left alone, and that is said', async () => {
  await using folder = await tempFolder();
  await mkdir(join(folder.path, 'events.db'));
  await using opened = await openJournal(folder.path);
  await expectHarmless(opened);
  expect(await readdir(folder.path)).toEqual(['events.db']);
});

test('what could not be opened at the start is kept on disk as soon as it can, and each is said once', async () => {
  await using folder = await tempFolder();
  const inTheWay = join(folder.path, 'folder');
  await writeFile(inTheWay, '');
  let changes = 0;
  await using opened = await openJournal(inTheWay, { onChange: () => (changes += 1) });
  const { journal, log } = opened;
  const channel = channelOf({ journal });
  publish(channel, 10);
  await soon(() => expect(journal.status()).toMatchObject({ state: 'troubled', lost: 10 }));
  expect(journal.status().lastError).toContain('EEXIST');
  expect(changes).toBe(1);

  await rm(inTheWay);
  // Nobody publishes: it comes back by itself.
  await soon(() => expect(journal.status().state).toBe('on'), retryTestMs);
  publish(channel, 10);
  await committed(journal, 10);
  expect(await storedIds(journal)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  expect(log.lines.map(({ msg }) => msg)).toEqual([expect.stringContaining(notOpened), worksAgain]);
  expect(changes).toBe(2);
  const back = new FakeSubscriber().subscribe(channel, '0');
  await soon(() => expect(back.ids.at(-1)).toBe(20));
  expect(account(back.seen, 1)).toBe(21);
});

test('one that never could be opened can be closed', async () => {
  await using folder = await tempFolder();
  await mkdir(join(folder.path, 'events.db'));
  const { journal } = await openJournal(folder.path);
  journal.append(1, eventText(1));
  await journal.close();
  expect(journal.status()).toMatchObject({ state: 'troubled', lost: 1 });
});

test('no event on disk is overwritten by one that has its id', async () => {
  await using folder = await tempFolder();
  await soundFile(folder.path);
  await using opened = await openJournal(folder.path);
  const { journal } = opened;
  journal.append(2_000, eventText(2_000, 5));
  await soon(() => expect(journal.status()).toMatchObject({ state: 'troubled', lost: 1 }));
  expect(journal.status().lastError).toContain('events up to 2000');
  expect((await journal.read(2_000, 10)).events.texts).toEqual([eventText(2_000)]);
  journal.append(2_001, eventText(2_001));
  await soon(() => expect(journal.status()).toMatchObject({ state: 'on', events: 2_001 }));
});

test('a sound file that cannot be written is left alone, and that is said', async ({ skip }) => {
  await using folder = await tempFolder();
  if (process.getuid?.() !== 0) {
    await chmod(await soundFile(folder.path), 0o400);
    await using opened = await openJournal(folder.path);
    return await expectHarmless(opened);
  }
  // Root may write to any file, but not on a disk that is read-only.
  using disk = (await smallDisk(folder)) ?? skip(noSmallDisk);
  await soundFile(disk.path);
  disk.makeReadOnly();
  await using opened = await openJournal(disk.path);
  await expectHarmless(opened);
  expect((await stat(opened.file)).size).toBe(sound.length);
});

test('a sound file that another program holds is left alone, and that is said', async () => {
  await using folder = await tempFolder();
  const file = await soundFile(folder.path);
  const other = new DatabaseSync(file);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  {
    await using opened = await openJournal(folder.path);
    await expectHarmless(opened);
    other.close();
    await soon(() => expect(opened.journal.lastId).toBe(2_000), retryTestMs);
  }
  await using again = await openJournal(folder.path);
  expect(again.journal.lastId).toBe(2_000);
});

test('on a full disk it is troubled, counts, and works again when there is room', async ({
  skip,
}) => {
  await using folder = await tempFolder();
  using disk = (await smallDisk(folder)) ?? skip(noSmallDisk);
  await using opened = await openJournal(disk.path);
  const { journal, log } = opened;
  const channel = channelOf({ journal });
  publish(channel, 100);
  await committed(journal, 100);
  const filler = join(disk.path, 'filler');
  await writeFile(filler, Buffer.alloc(2_000_000)).catch(() => {});
  publish(channel, 100);
  await soon(() => expect(journal.status()).toMatchObject({ state: 'troubled', lost: 100 }));
  expect(journal.status().lastError).toContain('full');
  expect(log.saying('event journal cannot be written')).toHaveLength(1);

  await writeFile(filler, '');
  publish(channel, 100);
  await soon(() => expect(journal.status()).toMatchObject({ state: 'on', lost: 100, events: 200 }));
  expect(log.saying('event journal works again')).toHaveLength(1);

  const back = new FakeSubscriber().subscribe(channel, '50');
  await soon(() => expect(back.ids.at(-1)).toBe(300));
  expect(account(back.seen, 51)).toBe(301);
  expect(back.gaps).toEqual([{ from: 101, to: 200, reason: 'unknown' }]);
});

test('on a disk that is full from the start a sound file is left alone, and is kept on with when there is room', async ({
  skip,
}) => {
  await using folder = await tempFolder();
  using disk = (await smallDisk(folder)) ?? skip(noSmallDisk);
  await soundFile(disk.path);
  const filler = join(disk.path, 'filler');
  await writeFile(filler, Buffer.alloc(2_000_000)).catch(() => {});
  await using opened = await openJournal(disk.path);
  const { journal, log, tail } = opened;
  expect(tail.ids).toEqual([]);
  expect(await readdir(disk.path)).not.toContain('events.db.damaged');
  expect((await stat(opened.file)).size).toBe(sound.length);
  expect(journal.status().state).toBe('troubled');
  const channel = channelOf({ journal, firstId: 3_001, bufferSize: 64, replayBufferSize: 64 });
  publish(channel, 100);
  await soon(() => expect(journal.status().lost).toBe(100));
  // What memory has of it is told, and what it has not is announced.
  const meanwhile = new FakeSubscriber().subscribe(channel, '1990');
  await soon(() => expect(meanwhile.ids.at(-1)).toBe(3_100));
  expect(account(meanwhile.seen, 1_991)).toBe(3_101);
  expect(meanwhile.gaps).toHaveLength(1);

  await writeFile(filler, '');
  await soon(() => expect(journal.status().state).toBe('on'), retryTestMs);
  publish(channel, 100);
  await committed(journal, 2_100);
  expect(log.saying(notOpened)).toHaveLength(1);
  expect(log.saying(worksAgain)).toHaveLength(1);
  const back = new FakeSubscriber().subscribe(channel, '1990');
  await soon(() => expect(back.ids.at(-1)).toBe(3_200));
  expect(account(back.seen, 1_991)).toBe(3_201);
  expect(back.gaps).toEqual([{ from: 2_001, to: 3_100, reason: 'unknown' }]);
  expect(account(meanwhile.seen, 1_991)).toBe(3_201);
});

test('a first start on a full disk begins its journal when there is room', async ({ skip }) => {
  await using folder = await tempFolder();
  using disk = (await smallDisk(folder)) ?? skip(noSmallDisk);
  const filler = join(disk.path, 'filler');
  await writeFile(filler, Buffer.alloc(2_000_000)).catch(() => {});
  await using opened = await openJournal(disk.path);
  await expectHarmless(opened);
  await writeFile(filler, '');
  const { journal } = opened;
  await soon(() => expect(journal.status().state).toBe('on'), retryTestMs);
  await append(journal, 2, 10);
  expect(await storedIds(journal)).toHaveLength(9);
  expect(await readdir(disk.path)).not.toContain('events.db.damaged');
});

test('events that the disk did not take, but memory still has, are replayed', async ({ skip }) => {
  await using folder = await tempFolder();
  using disk = (await smallDisk(folder)) ?? skip(noSmallDisk);
  await using opened = await openJournal(disk.path);
  const { journal } = opened;
  const channel = channelOf({ journal, bufferSize: 64, replayBufferSize: 64 });
  publish(channel, 100);
  await committed(journal, 100);
  const filler = join(disk.path, 'filler');
  await writeFile(filler, Buffer.alloc(2_000_000)).catch(() => {});
  publish(channel, 20);
  await soon(() => expect(journal.status().lost).toBe(20));
  await writeFile(filler, '');
  publish(channel, 20);
  await committed(journal, 120);
  const back = new FakeSubscriber().subscribe(channel, '10');
  await soon(() => expect(back.ids.at(-1)).toBe(140));
  expect(back.gaps).toEqual([]);
  expect(account(back.seen, 11)).toBe(141);
});

test('when its thread dies it is said, who waits is answered, and closing is harmless', async () => {
  await using folder = await tempFolder();
  const started = new Promise<Worker>((resolve) => process.once('worker', resolve));
  await using opened = await openJournal(folder.path);
  await append(opened.journal, 1, 10);
  const page = opened.journal.read(1, 10);
  await (await started).terminate();
  expect((await page).events.ids.length).toBeOneOf([0, 10]);
  await soon(() => expect(opened.journal.status().state).toBe('failed'));
  expect(opened.log.saying('there is no event journal')).toHaveLength(1);
  opened.journal.append(11, eventText(11));
  expect((await opened.journal.read(1, 10)).events.ids).toEqual([]);
});

test('a missing script of the thread is said too', async () => {
  await using folder = await tempFolder();
  await using opened = await openJournal(folder.path, { threadFile: join(folder.path, 'none.js') });
  await expectHarmless(opened, 'failed');
});
