import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { EventBus } from './event-bus.ts';
import { LogFeed } from './log-feed.ts';
import { MemoryReader } from './memory-reader.ts';
import { type DataFolder, logEvent, makeDataFolder, openWriter } from './sample-data.ts';

const now = '2026-11-22T12:00:00.000Z';

function tail(folder: DataFolder) {
  const bus = new EventBus();
  const reader = new MemoryReader(folder.path);
  const log: string[] = [];
  const feed = new LogFeed({ bus, reader, intervalMs: 10, log: (line) => log.push(line) });
  const listen = () => {
    const heard: string[] = [];
    const stop = bus.subscribe({
      event: ({ id }) => heard.push(id),
      resync: () => heard.push('resync'),
    });
    return { heard, stop };
  };
  const stop = () => {
    feed.stop();
    reader.close();
  };
  return { feed, reader, listen, log, [Symbol.dispose]: stop };
}

test('what is logged after a listener came is told in order, what was before is not', async () => {
  await using folder = await makeDataFolder();
  using writer = openWriter(folder);
  logEvent(writer, 'before', now);
  using tailing = tail(folder);
  const { heard } = tailing.listen();
  logEvent(writer, 'a', now);
  // Same millisecond, and a clock that was set back: only the row id counts.
  logEvent(writer, 'b', now);
  logEvent(writer, 'c', '2020-01-01T00:00:00.000Z');
  await vi.waitUntil(() => heard.length === 3, patience);
  expect(heard).toEqual(['a', 'b', 'c']);
});

test('a backlog larger than one query arrives whole', async () => {
  await using folder = await makeDataFolder();
  using writer = openWriter(folder);
  using tailing = tail(folder);
  const { heard } = tailing.listen();
  writer.exec('BEGIN');
  for (let index = 0; index < 900; index += 1) logEvent(writer, `evt_${index}`, now);
  writer.exec('COMMIT');
  await vi.waitUntil(() => heard.length === 900, patience);
  expect(heard).toEqual(Array.from({ length: 900 }, (_, index) => `evt_${index}`));
});

test('nothing is read while nobody listens', async () => {
  await using folder = await makeDataFolder();
  using tailing = tail(folder);
  const { reader, listen } = tailing;
  const reads = vi.spyOn(reader, 'latestEventId');
  const first = listen();
  await vi.waitUntil(() => reads.mock.calls.length > 1, patience);
  first.stop();
  const before = reads.mock.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reads).toHaveBeenCalledTimes(before);
  using writer = openWriter(folder);
  logEvent(writer, 'while nobody listened', now);
  const second = listen();
  logEvent(writer, 'later', now);
  await vi.waitUntil(() => second.heard.length > 0, patience);
  expect(second.heard).toEqual(['later']);
});

test('deleting old rows of the log loses no event', async () => {
  await using folder = await makeDataFolder();
  using writer = openWriter(folder);
  logEvent(writer, 'old', now);
  using tailing = tail(folder);
  const { heard } = tailing.listen();
  writer.exec('DELETE FROM event_log');
  logEvent(writer, 'new', now);
  await vi.waitUntil(() => heard.length === 1, patience);
  expect(heard).toEqual(['new']);
});

// Windows does not let anybody delete an open file.
test.skipIf(process.platform === 'win32')(
  'when the database is replaced, listeners are told to read again',
  async () => {
    await using folder = await makeDataFolder();
    {
      using writer = openWriter(folder);
      logEvent(writer, 'a', now);
    }
    using tailing = tail(folder);
    const { heard } = tailing.listen();
    for (const file of ['memory.db', 'memory.db-wal', 'memory.db-shm'])
      await rm(join(folder.path, file), { force: true });
    await vi.waitUntil(() => heard.includes('resync'), patience);
    using writer = openWriter(folder);
    logEvent(writer, 'b', now);
    await vi.waitUntil(() => heard.includes('b'), patience);
  },
);

test('a database that cannot be read is complained about once and followed as soon as it can', async () => {
  await using folder = await makeDataFolder();
  const file = join(folder.path, 'memory.db');
  await writeFile(
    file,
    'this is no database, but it is longer than the header of one. '.repeat(20),
  );
  using tailing = tail(folder);
  const { feed, listen, log, reader } = tailing;
  const reads = vi.spyOn(reader, 'latestEventId');
  const { heard } = listen();
  await vi.waitUntil(() => reads.mock.calls.length > 2, patience);
  expect(feed.connected).toBe(false);
  expect(log).toHaveLength(1);
  await rm(file);
  await vi.waitUntil(() => heard.includes('resync'), patience);
  expect(feed.connected).toBe(true);
  using writer = openWriter(folder);
  logEvent(writer, 'a', now);
  await vi.waitUntil(() => heard.includes('a'), patience);
});
