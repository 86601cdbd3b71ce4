import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { soon, startScript } from './events.test-helper.ts';
import { append, committed, eventText, openJournal, storedIds } from './journal.test-helper.ts';
import { tempFolder } from './room.test-helper.ts';

test('after it is opened again everything is there, the newest at once', async () => {
  await using folder = await tempFolder();
  {
    await using first = await openJournal(folder.path);
    expect(first.tail).toEqual({ ids: [], texts: [] });
    await append(first.journal, 1, 1_000);
  }
  await using again = await openJournal(folder.path, { tail: 3 });
  expect(again.tail).toEqual({
    ids: [998, 999, 1_000],
    texts: [998, 999, 1_000].map((id) => eventText(id)),
  });
  expect(again.journal.lastId).toBe(1_000);
  const modes = readdirSync(folder.path).map((name) => statSync(join(folder.path, name)).mode);
  if (process.platform !== 'win32') expect(modes.map((mode) => mode & 0o077)).toEqual([0, 0, 0]);
  expect(again.journal.status()).toMatchObject({
    state: 'on',
    events: 1e3,
    oldestId: 1,
    lost: 0,
    lastError: null,
  });
  const page = await again.journal.read(500, 3);
  expect(page).toEqual({
    oldestId: 1,
    events: { ids: [500, 501, 502], texts: [500, 501, 502].map((id) => eventText(id)) },
  });
});

test('a read sees what was appended a moment ago', async () => {
  await using folder = await tempFolder();
  await using opened = await openJournal(folder.path);
  opened.journal.append(1, eventText(1));
  expect(await storedIds(opened.journal)).toEqual([1]);
  opened.journal.append(2, eventText(2));
  opened.journal.append(3, eventText(3));
  expect(await storedIds(opened.journal)).toEqual([1, 2, 3]);
});

test('a batch is committed after 256 events, or after 50 ms', async () => {
  await using folder = await tempFolder();
  const sent: number[] = [];
  const spy = (worker: Worker) => {
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (message: {
      readonly kind: string;
      readonly texts?: readonly string[];
    }) => {
      if (message.kind === 'append') sent.push(message.texts?.length ?? 0);
      post(message);
    };
  };
  process.once('worker', spy);
  onTestFinished(() => void process.off('worker', spy));
  await using opened = await openJournal(folder.path);
  for (let id = 1; id <= 600; id += 1) opened.journal.append(id, eventText(id));
  expect(sent).toEqual([256, 256]);
  const since = performance.now();
  await soon(() => expect(sent).toEqual([256, 256, 88]));
  expect(performance.now() - since).toBeLessThan(500);
  await committed(opened.journal, 600);
});

test('it keeps as many events as it may, the newest ones', async () => {
  await using folder = await tempFolder();
  await using opened = await openJournal(folder.path, { maxEvents: 1_000 });
  await append(opened.journal, 1, 5_000);
  const ids = await storedIds(opened.journal);
  expect(ids.at(-1)).toBe(5_000);
  // Old ones go in portions of 5 %.
  expect(ids.length).toBeGreaterThanOrEqual(1_000);
  expect(ids.length).toBeLessThanOrEqual(1_050 + 256);
  await soon(() => expect(opened.journal.status().oldestId).toBe(ids[0]));
});

test('the bound is on events, not on ids: holes after crashes cost nothing', async () => {
  await using folder = await tempFolder();
  await using opened = await openJournal(folder.path, { maxEvents: 100 });
  await append(opened.journal, 1, 60);
  await append(opened.journal, 100_001, 100_040);
  expect((await storedIds(opened.journal)).length).toBe(100);
});

test('what is too old is gone after the next start', async () => {
  await using folder = await tempFolder();
  {
    await using first = await openJournal(folder.path);
    await append(first.journal, 1, 10);
  }
  const database = new DatabaseSync(`${folder.path}/events.db`);
  database.prepare('UPDATE events SET at = ? WHERE id <= 4').run(Date.now() - 3_700_000);
  database.close();
  await using again = await openJournal(folder.path);
  expect(await storedIds(again.journal)).toEqual([5, 6, 7, 8, 9, 10]);
  expect(again.journal.status()).toMatchObject({ oldestId: 5, events: 6 });
});

test('when everything is too old, the last id is still known', async () => {
  await using folder = await tempFolder();
  {
    await using first = await openJournal(folder.path);
    await append(first.journal, 1, 10);
  }
  await using again = await openJournal(folder.path, { maxAgeMs: -1_000 });
  expect(again.journal.status()).toMatchObject({ events: 0 });
  expect(again.journal.lastId).toBe(10);
});

test('after a kill -9 at most the last batch is lost, and the file opens', async () => {
  await using folder = await tempFolder();
  await using script = await startScript(
    folder,
    `import { Journal } from '%journal.ts%';
     const logger = { info() {}, error() {} };
     const { journal } = await Journal.open({
       file: process.argv[2] + '/events.db', threadFile: new URL('%journal-thread.ts%').pathname,
       maxEvents: 100000, maxAgeMs: 1e9, tail: 10, logger,
     });
     let id = 0;
     setInterval(() => {
       for (let more = 0; more < 20; more += 1) {
         id += 1;
         journal.append(id, JSON.stringify({ id, data: {} }));
       }
       console.log(id, Date.now());
     }, 10);`,
  );
  await soon(() => expect(script.lines.length).toBeGreaterThan(30));
  await script.kill();
  const killedAt = Number(script.lines.at(-1)?.split(' ')[1]);
  // 50 ms until a batch is handed over, and as much again for a slow disk to commit it.
  const safe = script.lines
    .map((line) => line.split(' ').map(Number))
    .findLast(([, at = 0]) => at < killedAt - 200);
  await using opened = await openJournal(folder.path);
  expect(opened.journal.status()).toMatchObject({ state: 'on', lastError: null });
  const ids = await storedIds(opened.journal);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
  expect(ids.length).toBeGreaterThanOrEqual(safe?.[0] ?? Number.POSITIVE_INFINITY);
});

test('closing writes what is queued and leaves no thread', async () => {
  await using folder = await tempFolder();
  const workers: Worker[] = [];
  const remember = (worker: Worker) => void workers.push(worker);
  process.on('worker', remember);
  onTestFinished(() => void process.off('worker', remember));
  const first = await openJournal(folder.path);
  await append(first.journal, 1, 100);
  await first.journal.close();
  // A worker that has ended has no thread id any more.
  expect(workers.map(({ threadId }) => threadId)).toEqual([-1]);
  // What comes too late harms nobody.
  first.journal.append(101, eventText(101));
  await using again = await openJournal(folder.path);
  expect(again.journal.lastId).toBe(100);
});

test('it does not keep a process alive that has nothing else to do', async () => {
  await using folder = await tempFolder();
  await using script = await startScript(
    folder,
    `import { Journal } from '%journal.ts%';
     const logger = { info() {}, error() {} };
     await Journal.open({
       file: process.argv[2] + '/events.db', threadFile: new URL('%journal-thread.ts%').pathname,
       maxEvents: 100, maxAgeMs: 1e9, tail: 10, logger,
     });`,
  );
  expect(await script.exited()).toBe(0);
});
