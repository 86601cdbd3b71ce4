import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { retryWhileBusy } from './retry-while-busy.ts';
import { temporaryFolder } from './test-process.ts';

/** A database that another connection holds locked, and a way to find that out. */
async function lockedDatabase() {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'a.db');
  const holder = new DatabaseSync(path);
  holder.exec('CREATE TABLE t (a); BEGIN EXCLUSIVE');
  const other = new DatabaseSync(path, { timeout: 0 });
  return {
    turnToWal: () => other.exec('PRAGMA journal_mode = WAL'),
    release: () => holder.exec('COMMIT'),
    [Symbol.asyncDispose]: async () => {
      other.close();
      holder.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('a locked database is tried again until it is free', async () => {
  await using database = await lockedDatabase();
  expect(database.turnToWal).toThrow('database is locked');
  let attempts = 0;
  await retryWhileBusy(() => {
    attempts += 1;
    if (attempts === 3) database.release();
    database.turnToWal();
  }, 5000);
  expect(attempts).toBe(3);
});

test('a database that stays locked is given up in the end', async () => {
  await using database = await lockedDatabase();
  await expect(retryWhileBusy(database.turnToWal, 50)).rejects.toThrow('database is locked');
});

test('any other failure is not tried again', async () => {
  let attempts = 0;
  const fail = () => {
    attempts += 1;
    throw new Error('disk is full');
  };
  await expect(retryWhileBusy(fail, 5000)).rejects.toThrow('disk is full');
  expect(attempts).toBe(1);
});
