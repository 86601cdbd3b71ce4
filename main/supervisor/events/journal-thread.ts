/**
 * The journal's thread: SQLite is synchronous, and a slow disk must not hold up anybody's events. It
 * commits each batch in one transaction (WAL, so a kill -9 loses at most what was not yet handed over),
 * keeps the table within its bounds and reads pages for replay. Messages are served in their order, so
 * a read sees every append that was posted before it.
 */
import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type {
  FromJournal,
  JournalExtent,
  JournalStart,
  StoredEvents,
  ToJournal,
} from './journal-messages.ts';

/** Rows beyond the bound before old ones are deleted: deleting one by one would double the writes. */
const pruneSlack = 0.05;

/** How often old rows are looked for, in ms. */
const agePeriodMs = 60_000;

const start = workerData as JournalStart;
const port = parentPort;
if (port === null) throw new Error('journal-thread.ts runs as a worker thread only');

function say(message: FromJournal): void {
  port?.postMessage(message);
}

/** SQLite's own files beside the database. */
const companions = ['', '-wal', '-shm'] as const;

function open(): { database: DatabaseSync; setAside: string | null } {
  try {
    return { database: openSound(), setAside: null };
  } catch (error) {
    const setAside = `${start.file}.damaged`;
    for (const suffix of companions) rmSync(setAside + suffix, { force: true });
    // What cannot even be moved cannot be replaced: then the error stands.
    renameSync(start.file, setAside);
    for (const suffix of companions) rmSync(start.file + suffix, { force: true });
    try {
      return { database: openSound(), setAside };
    } catch {
      throw error;
    }
  }
}

function openSound(): DatabaseSync {
  // SQLite would make it readable for everybody; its own files take over the mode of this one.
  closeSync(openSync(start.file, 'a', 0o600));
  const database = new DatabaseSync(start.file);
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
    `);
    const check = database.prepare('PRAGMA quick_check(1)').get();
    if (check?.['quick_check'] !== 'ok') throw new Error(String(check?.['quick_check']));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

class Store {
  readonly #database: DatabaseSync;
  readonly #insert;
  readonly #read;
  #extent: JournalExtent;
  #agedAt = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT OR REPLACE INTO events (id, at, json) VALUES (?, ?, ?)',
    );
    this.#read = database.prepare('SELECT id, json FROM events WHERE id >= ? ORDER BY id LIMIT ?');
    this.#extent = this.#measure();
    this.#pruneByAge(Date.now());
  }

  get extent(): JournalExtent {
    return this.#extent;
  }

  append(firstId: number, at: number, texts: readonly string[]): void {
    const { count, oldestId } = this.#extent;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const [index, text] of texts.entries()) this.#insert.run(firstId + index, at, text);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#extent = {
      oldestId: count === 0 ? firstId : oldestId,
      lastId: firstId + texts.length - 1,
      count: count + texts.length,
    };
    if (this.#extent.count > start.maxEvents * (1 + pruneSlack)) this.#pruneByCount();
    if (at - this.#agedAt > agePeriodMs) this.#pruneByAge(at);
  }

  read(from: number, limit: number): StoredEvents {
    const rows = this.#read.all(from, limit);
    return {
      ids: rows.map((row) => Number(row['id'])),
      texts: rows.map((row) => String(row['json'])),
    };
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

  #pruneByCount(): void {
    // Ids have holes after a crash, so the bound is found by counting, not by subtracting.
    this.#database
      .prepare(
        'DELETE FROM events WHERE id < (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?)',
      )
      .run(start.maxEvents - 1);
    this.#extent = this.#measure();
  }

  #pruneByAge(now: number): void {
    this.#agedAt = now;
    const { changes } = this.#database
      .prepare('DELETE FROM events WHERE at < ?')
      .run(now - start.maxAgeMs);
    if (Number(changes) > 0) this.#extent = this.#measure();
  }

  #measure(): JournalExtent {
    const row = this.#database
      .prepare('SELECT count(*) AS count, min(id) AS oldest, max(id) AS last FROM events')
      .get();
    return {
      count: Number(row?.['count'] ?? 0),
      oldestId: Number(row?.['oldest'] ?? 0),
      lastId: Number(row?.['last'] ?? 0),
    };
  }
}

function serve(store: Store, message: ToJournal): void {
  switch (message.kind) {
    case 'append':
      try {
        store.append(message.firstId, message.at, message.texts);
        say({ kind: 'committed', extent: store.extent });
      } catch (error) {
        say({ kind: 'commit_failed', error: String(error), lost: message.texts.length });
      }
      return;
    case 'read': {
      const { sequence, from, limit } = message;
      say({ kind: 'page', sequence, events: readSafely(store, from, limit), extent: store.extent });
      return;
    }
    case 'close':
      store.close();
      say({ kind: 'closed' });
      port?.close();
  }
}

/** An unreadable page is an empty one: the subscriber is then told of a gap. */
function readSafely(store: Store, from: number, limit: number): StoredEvents {
  try {
    return store.read(from, limit);
  } catch {
    return { ids: [], texts: [] };
  }
}

try {
  const { database, setAside } = open();
  const store = new Store(database);
  say({ kind: 'opened', extent: store.extent, tail: store.tail(start.tail), setAside });
  port.on('message', (message: ToJournal) => serve(store, message));
} catch (error) {
  say({ kind: 'failed', error: String(error) });
}
