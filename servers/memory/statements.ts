/**
 * SQL as template literals: each is prepared once, its values are bound, never spliced in. Node's
 * own `createTagStore()` does the same, but (24.21) its statements outlive `close()`: the database
 * stays open and leaves its `-wal` file behind.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

type Row = Record<string, SQLOutputValue>;

export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<TemplateStringsArray, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  all(parts: TemplateStringsArray, ...values: readonly SQLInputValue[]): Row[] {
    return this.#statement(parts).all(...values);
  }

  get(parts: TemplateStringsArray, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#statement(parts).get(...values);
  }

  /** Returns how many rows were changed. */
  run(parts: TemplateStringsArray, ...values: readonly SQLInputValue[]): number {
    return Number(this.#statement(parts).run(...values).changes);
  }

  #statement(parts: TemplateStringsArray): StatementSync {
    const known = this.#prepared.get(parts);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(parts.join('?'));
    this.#prepared.set(parts, statement);
    return statement;
  }
}
