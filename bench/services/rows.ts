/** What is measured, what it is to reach, and what came out. */
import { median } from '../kit/quantile.ts';
import { inColumns } from '../kit/table.ts';
import type { ManagerName } from './manager.ts';

export interface Row {
  readonly key: string;
  readonly title: string;
  readonly unit: 'ms' | '%' | 'MiB';
  /** What ours may be at most; absent where it only has to be ahead. */
  readonly atMost?: number;
}

const rows = [
  { key: 'crash', title: 'kill -9 → new process, median', unit: 'ms', atMost: 50 },
  { key: 'crashWorst', title: 'kill -9 → new process, slowest', unit: 'ms' },
  { key: 'stop50', title: 'stop 50 processes', unit: 'ms' },
  { key: 'start50', title: 'start 50 processes', unit: 'ms' },
  { key: 'status', title: 'state of 100 processes, median', unit: 'ms', atMost: 20 },
  { key: 'idleCpu', title: 'idle CPU with 20 processes', unit: '%', atMost: 0.3 },
  { key: 'rss20', title: 'resident memory with 20 processes', unit: 'MiB' },
  { key: 'rss100', title: 'resident memory with 100 processes', unit: 'MiB' },
] as const satisfies readonly Row[];

export type Key = (typeof rows)[number]['key'];

export class Results {
  readonly #values = new Map<string, number[]>();
  /** What went wrong, as sentences. */
  readonly troubles: string[] = [];

  add(name: ManagerName, key: Key, value: number): void {
    const place = `${name} ${key}`;
    this.#values.set(place, [...(this.#values.get(place) ?? []), value]);
  }

  /** Over the rounds; undefined when it was not measured. */
  median(name: ManagerName, key: Key): number | undefined {
    const values = this.#values.get(`${name} ${key}`);
    return values && median(values);
  }

  /** Every value of every round. */
  all(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(this.#values);
  }
}

/** The table with a verdict in each line; `met` only where everything that can be judged is. */
export function renderTable(results: Results): string {
  const lines = rows.map((row: Row) => {
    const key = row.key as Key;
    const [own, other] = [results.median('ours', key), results.median('pm2', key)];
    const ratio = own === undefined || other === undefined ? '' : `${(other / own).toFixed(1)} x`;
    return [row.title, format(own, row), format(other, row), ratio, verdict(row, own, other)];
  });
  return inColumns([['', 'ours', 'pm2', 'pm2/ours', 'goal'], ...lines], [0, 4]).join('\n');
}

function verdict(
  { atMost, unit }: Row,
  own: number | undefined,
  other: number | undefined,
): string {
  if (own === undefined) return 'not measured';
  if (atMost === undefined && other === undefined) return 'not judged (ahead of pm2)';
  const isWithin = atMost === undefined || own <= atMost;
  const isAhead = other === undefined || own < other;
  const goals = [
    ...(atMost === undefined ? [] : [`at most ${atMost} ${unit}`]),
    other === undefined ? 'ahead of pm2: not measured' : 'ahead of pm2',
  ];
  return `${isWithin && isAhead ? 'met' : 'MISSED'} (${goals.join(', ')})`;
}

function format(value: number | undefined, { unit }: Row): string {
  return value === undefined ? '–' : `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`;
}
