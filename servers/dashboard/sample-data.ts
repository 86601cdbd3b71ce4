/** For tests: a data folder of its own and rows as the memory server writes them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, transact } from '../database.ts';

export interface DataFolder extends AsyncDisposable {
  readonly path: string;
}

/** A new empty folder, removed when it is disposed of. */
export async function makeDataFolder(): Promise<DataFolder> {
  const path = await mkdtemp(join(tmpdir(), 'pm-dashboard-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** A writer beside the dashboard, as the memory server is one. */
export function openWriter(folder: DataFolder): DatabaseSync & Disposable {
  const database = openDatabase(folder.path);
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

/** One workspace with one plan of two steps, a context and an agent at work. */
export function insertSample(database: DatabaseSync): void {
  const at = '2026-11-22T11:00:00.000Z';
  const run = (sql: string, ...values: (string | number | null)[]) =>
    database.prepare(sql).run(...values);
  transact(database, () => {
    run('INSERT INTO workspaces VALUES (?,?,?,?,?)', 'pmws-1', 'alpha', '/src/alpha', at, at);
    const plan = ['plan_1', 'pmws-1', 'First', 'Why', 'feature', 'active', at, at];
    run('INSERT INTO plans VALUES (?,?,?,?,?,?,?,?)', ...plan);
    run('INSERT INTO steps VALUES (?,?,?,?,?,?)', 'plan_1', 0, 'Think', 'done', '', at);
    run('INSERT INTO steps VALUES (?,?,?,?,?,?)', 'plan_1', 1, 'Do', 'blocked', 'later', at);
    run('INSERT INTO contexts VALUES (?,?,?,?)', 'plan_1', 'research', '{"large":1}', at);
    run(
      'INSERT INTO agent_sessions VALUES (?,?,?,?,?,?)',
      'sess_1',
      'plan_1',
      'Executor',
      at,
      null,
      null,
    );
  });
}

/** Logs one event, as `transact` of the memory server does with each change. */
export function logEvent(database: DatabaseSync, id: string, timestamp: string): void {
  const event = {
    id,
    type: 'step_updated',
    timestamp,
    workspace_id: 'pmws-1',
    plan_id: 'plan_1',
    data: { step_index: 1 },
  };
  database
    .prepare('INSERT INTO event_log (event_type, data, timestamp) VALUES (?, ?, ?)')
    .run(event.type, JSON.stringify(event), timestamp);
}
