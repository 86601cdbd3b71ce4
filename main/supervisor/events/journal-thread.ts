/**
 * The journal's thread: SQLite is synchronous, and a slow disk must not hold up anybody's events. It
 * commits each batch in one transaction (WAL, so a kill -9 loses at most what was not yet handed over),
 * keeps the table within its bounds and reads pages for replay. Messages are served in their order, so
 * a read sees every append that was posted before it. A file that cannot be opened, on a full disk for
 * example, is tried again and again; until then nothing is taken, and that is said of each batch.
 */
import { closeSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { settleMemory } from '../telemetry/settle-memory.ts';
import {
  type FromJournal,
  type JournalExtent,
  type JournalStart,
  noExtent,
  type StoredEvents,
  type ToJournal,
} from './journal-messages.ts';

/** Rows beyond the bound before old ones are deleted: deleting one by one would double the writes. */
const pruneSlack = 0.05;

/** Rows that one statement inserts: fewer calls, and not so many parameters that binding them costs more. */
const rowsPerInsert = 16;

/** How often old rows are looked for, in ms. */
const agePeriodMs = 60_000;

/** How long it waits for a program that holds the file, a backup for example, in ms. */
const busyTimeoutMs = 1_000;

/** When a file that could not be opened is tried again, in ms: first after this, then after twice that, and so on. */
const firstRetryMs = 1_000;

/** It is not tried less often than this, in ms: whoever makes room wants to see that it works again. */
const maxRetryMs = 30_000;

/** SQLITE_ERROR (other tables), SQLITE_CORRUPT and SQLITE_NOTADB (sqlite.org/rescode.html). */
const damageCodes: readonly number[] = [1, 11, 26];

const start = workerData as JournalStart;
const port = parentPort;
if (port === null) throw new Error('journal-thread.ts runs as a worker thread only');

type Page = Extract<FromJournal, { kind: 'page' }>;

function say(message: FromJournal): void {
  port?.postMessage(message);
}

/** SQLite's own files beside the database. */
const companions = ['', '-wal', '-shm'] as const;

interface Opened {
  readonly store: Store;
  readonly tail: StoredEvents;
}

function open(): Opened & { readonly setAside: string | null } {
  try {
    return { ...openSound(), setAside: null };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const setAside = `${start.file}.damaged`;
    for (const suffix of companions) rmSync(setAside + suffix, { force: true });
    // What cannot even be moved cannot be replaced: then the error stands.
    renameSync(start.file, setAside);
    for (const suffix of companions) rmSync(start.file + suffix, { force: true });
    try {
      return { ...openSound(), setAside };
    } catch {
      throw error;
    }
  }
}

function openSound(): Opened {
  mkdirSync(dirname(start.file), { recursive: true, mode: 0o700 });
  // SQLite would make it readable for everybody; its own files take over the mode of this one.
  closeSync(openSync(start.file, 'a', 0o600));
  const database = new DatabaseSync(start.file, { timeout: busyTimeoutMs });
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
    `);
    const check = database.prepare('PRAGMA quick_check(1)').get();
    if (check?.['quick_check'] !== 'ok') throw new Error(String(check?.['quick_check']));
    const store = new Store(database);
    return { store, tail: store.tail(start.tail) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A disk that is full or read-only, or a file that is in use, is no reason to move a sound file away. */
function isDamage(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  // The low byte is the primary result code.
  if ('errcode' in error) return damageCodes.includes(Number(error.errcode) & 0xff);
  return !('syscall' in error);
}

/** SQLite does not notice flipped bits within a text; they must not break a subscriber's stream. */
function isSound(id: number, json: string): boolean {
  try {
    return (JSON.parse(json) as { id?: unknown } | null)?.id === id && !/[\r\n]/.test(json);
  } catch {
    return false;
  }
}

class Store {
  readonly #database: DatabaseSync;
  readonly #insert;
  readonly #insertMany;
  readonly #read;
  #extent: JournalExtent = noExtent;
  #agedAt = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT OR REPLACE INTO events (id, at, json) VALUES (?, ?, ?)',
    );
    const rows = Array.from(
      { length: rowsPerInsert },
      (_, row) => `(?1 + ${row}, ?2, ?${row + 3})`,
    );
    this.#insertMany = database.prepare(
      `INSERT OR REPLACE INTO events (id, at, json) VALUES ${rows.join()}`,
    );
    this.#read = database.prepare('SELECT id, json FROM events WHERE id >= ? ORDER BY id LIMIT ?');
    this.#extent = this.#measure();
    this.#pruneByAge(Date.now());
    this.#extent = this.#measure();
  }

  get extent(): JournalExtent {
    return this.#extent;
  }

  append(firstId: number, at: number, texts: readonly string[]): void {
    const { count, oldestId, lastId } = this.#extent;
    // Possible only where neither this file nor the one of the ids could be read or written at a start.
    if (firstId <= lastId) throw new Error(`${firstId} is not new: it has events up to ${lastId}`);
    let pruned = 0;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const whole = texts.length - (texts.length % rowsPerInsert);
      for (let index = 0; index < whole; index += rowsPerInsert) {
        this.#insertMany.run(firstId + index, at, ...texts.slice(index, index + rowsPerInsert));
      }
      for (let index = whole; index < texts.length; index += 1) {
        this.#insert.run(firstId + index, at, texts[index] ?? '');
      }
      pruned = this.#prune(count + texts.length, at);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#extent = {
      oldestId: count === 0 ? firstId : oldestId,
      lastId: firstId + texts.length - 1,
      count: count + texts.length - pruned,
    };
    if (pruned > 0) this.#extent = { ...this.#extent, oldestId: this.#oldestId() };
  }

  read(from: number, limit: number): StoredEvents {
    const rows = this.#read
      .all(from, limit)
      .map((row) => ({ id: Number(row['id']), json: String(row['json']) }))
      .filter(({ id, json }) => isSound(id, json));
    return { ids: rows.map(({ id }) => id), texts: rows.map(({ json }) => json) };
  }

  tail(limit: number): StoredEvents {
    const row = this.#database
      .prepare('SELECT min(id) AS id FROM (SELECT id FROM events ORDER BY id DESC LIMIT ?)')
      .get(limit);
    return this.read(Number(row?.['id'] ?? 0), limit);
  }

  close(): void {
    this.#database.close();
  }

  /** Deletes what is beyond the bounds, old rows now and then only; says how many rows. */
  #prune(count: number, now: number): number {
    let deleted = 0;
    if (count > start.maxEvents * (1 + pruneSlack)) {
      deleted += this.#pruneByCount(count - start.maxEvents);
    }
    if (now - this.#agedAt > agePeriodMs) deleted += this.#pruneByAge(now);
    return deleted;
  }

  /** Ids have holes after a crash, so what is too many is counted, from the near end. */
  #pruneByCount(excess: number): number {
    const { changes } = this.#database
      .prepare('DELETE FROM events WHERE id < (SELECT id FROM events ORDER BY id LIMIT 1 OFFSET ?)')
      .run(excess);
    return Number(changes);
  }

  #pruneByAge(now: number): number {
    const { changes } = this.#database
      .prepare('DELETE FROM events WHERE at < ?')
      .run(now - start.maxAgeMs);
    this.#agedAt = now;
    return Number(changes);
  }

  #oldestId(): number {
    const row = this.#database.prepare('SELECT min(id) AS oldest FROM events').get();
    return Number(row?.['oldest'] ?? 0);
  }

  #measure(): JournalExtent {
    const row = this.#database
      .prepare('SELECT count(*) AS count, min(id) AS oldest, max(id) AS last FROM events')
      .get();
    return {
      count: Number(row?.['count'] ?? 0),
      oldestId: Number(row?.['oldest'] ?? 0),
      // The last id stays known when its event has become too old.
      lastId: Math.max(Number(row?.['last'] ?? 0), this.#extent.lastId),
    };
  }
}

/** The open file, or why it is not open. */
let store: Store | Error = new Error('not opened yet');
let retry: NodeJS.Timeout | undefined;

function tryToOpen(retryMs: number): void {
  try {
    const { store: opened, tail, setAside } = open();
    store = opened;
    say({ kind: 'opened', extent: opened.extent, tail, setAside });
  } catch (error) {
    store = error instanceof Error ? error : new Error(String(error));
    say({ kind: 'not_opened', error: String(error) });
    retry = setTimeout(tryToOpen, retryMs, Math.min(retryMs * 2, maxRetryMs));
  }
}

function serve(message: ToJournal): void {
  switch (message.kind) {
    case 'append':
      try {
        say({ kind: 'committed', extent: append(message) });
      } catch (error) {
        say({ kind: 'commit_failed', error: String(error), lost: message.texts.length });
      }
      return;
    case 'read': {
      const { sequence, from, limit } = message;
      say({ kind: 'page', sequence, ...readSafely(from, limit) });
      return;
    }
    case 'close':
      clearTimeout(retry);
      if (store instanceof Store) store.close();
      say({ kind: 'closed' });
      port?.close();
  }
}

function append({ firstId, at, texts }: Extract<ToJournal, { kind: 'append' }>): JournalExtent {
  if (store instanceof Error) throw store;
  store.append(firstId, at, texts);
  return store.extent;
}

/** An unreadable page is an empty one: the subscriber is then told of a gap. */
function readSafely(from: number, limit: number): Pick<Page, 'events' | 'extent'> {
  const nothing = { ids: [], texts: [] };
  if (store instanceof Error) return { events: nothing, extent: noExtent };
  const { extent } = store;
  try {
    return { events: store.read(from, limit), extent };
  } catch {
    return { events: nothing, extent };
  }
}

port.on('message', serve);
tryToOpen(firstRetryMs);
settleMemory();
