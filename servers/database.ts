/**
 * The database that the bundled servers share: `memory.db` in the data folder, SQLite in WAL mode,
 * so that several MCP instances write and the dashboard reads at the same time. Every change of a
 * row and its `event_log` row are written in one transaction (`transact`): an event without its
 * change, or a change without its event, cannot exist.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** How long a writer waits for another instance's transaction, in ms. Transactions take under 1 ms. */
const busyTimeoutMs = 5_000;

/** Each entry is applied once, in order; `PRAGMA user_version` counts the applied ones. Append only. */
const migrations: readonly string[] = [
  `
  CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,            -- pmws-<12 hex of the path's SHA-256>
    name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,       -- all times: ISO 8601 UTC with ms
    updated_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE plans (
    id TEXT PRIMARY KEY,            -- plan_<base36 ms>_<8 hex>
    workspace_id TEXT NOT NULL REFERENCES workspaces(id),
    title TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    category TEXT NOT NULL DEFAULT 'feature',
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'completed', 'archived')),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX plans_by_workspace ON plans(workspace_id, updated_at);
  CREATE TABLE steps (
    plan_id TEXT NOT NULL REFERENCES plans(id) ON DELETE CASCADE,
    step_index INTEGER NOT NULL,    -- counts from 0 within its plan
    task TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'done', 'blocked')),
    notes TEXT NOT NULL DEFAULT '',
    updated_at TEXT NOT NULL,
    PRIMARY KEY (plan_id, step_index)
  ) STRICT;
  CREATE TABLE contexts (
    plan_id TEXT NOT NULL REFERENCES plans(id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,            -- JSON
    updated_at TEXT NOT NULL,
    PRIMARY KEY (plan_id, key)
  ) STRICT;
  CREATE TABLE agent_sessions (
    id TEXT PRIMARY KEY,            -- sess_<base36 ms>_<8 hex>
    plan_id TEXT NOT NULL REFERENCES plans(id) ON DELETE CASCADE,
    agent_type TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    summary TEXT
  ) STRICT;
  CREATE TABLE event_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_type TEXT NOT NULL,
    data TEXT NOT NULL,             -- the whole event as JSON
    timestamp TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan_id TEXT NOT NULL REFERENCES plans(id) ON DELETE CASCADE,
    note TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX notes_by_plan ON notes(plan_id, id);
  `,
];

/**
 * Opens the database in `folder`, creating it and applying what is missing. Throws SQLITE_BUSY when
 * several processes create it at the same moment (SQLite does not wait there); trying again is the cure.
 */
export function openDatabase(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'memory.db');
  // SQLite would make it readable for everybody; its own files take over the mode of this one.
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;',
    );
    transact(database, () => migrate(database));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync): void {
  const row = database.prepare('PRAGMA user_version').get();
  const applied = Number(row?.['user_version'] ?? 0);
  // A newer program's file is left as it is: migrations only add.
  if (applied >= migrations.length) return;
  for (const migration of migrations.slice(applied)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${migrations.length}`);
}

/** Runs `work` in one immediate transaction: all of it is kept, or, when it throws, none. */
export function transact<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite has already rolled back after some errors; the first error is the one to tell.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
