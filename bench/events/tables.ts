/** The results as people read them in a terminal. */

import { type Machine, machineLines } from '../kit/machine.ts';
import type { Absence, Contestant } from './contestants.ts';
import { judge, type Verdict } from './goals.ts';
import type { Plan } from './plans.ts';
import { eventBytes, stalledEventBytes } from './plans.ts';
import {
  burstCase,
  type Measure,
  memoryCase,
  postCase,
  type Results,
  rateCase,
  stalledCase,
} from './results.ts';

interface Row {
  readonly title: string;
  readonly cells: readonly (string | undefined)[];
}

export interface Run {
  readonly machine: Machine;
  readonly loadClient: string;
  readonly rounds: number;
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Absence[];
  readonly plans: readonly Plan[];
  readonly results: Results;
}

export function renderRun(run: Run): string {
  const { results } = run;
  const parts = [
    renderHead(run),
    ...throughputTables(run),
    latencyTable(run),
    memoryTable(run),
    stalledTable(run),
    renderVerdicts(judge(results)),
  ];
  if (results.troubles.length > 0) {
    parts.push(['What went wrong', ...results.troubles.map((each) => `  ${each}`)].join('\n'));
  }
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderHead({ machine, loadClient, rounds, absent }: Run): string {
  const lines = [
    ...machineLines('Event stream', machine),
    `${machine.versions.join(', ')}; load client ${loadClient}`,
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, interleaved in random order; each server in a process of its own; loopback.`,
    `Events of ${eventBytes} bytes, published in process; "100 x 16" is 100 subscribers, 16 events at once, again when all have them.`,
    ...absent.map(({ name, reason }) => `Not in this run: ${name} (${reason}).`),
  ];
  return lines.join('\n');
}

function throughputTables(run: Run): readonly string[] {
  const cases = run.plans.flatMap((plan) => {
    if (plan.kind === 'fan-out') {
      return plan.bursts.map((burst) => burstCase(plan.subscribers, burst));
    }
    return plan.kind === 'post' ? [postCase(plan.subscribers, plan.burst)] : [];
  });
  const table = (title: string, measure: Measure) => {
    const rows = cases.map((of) => {
      const value = (name: Contestant['name']) => run.results.median(name, of, measure);
      const ratio = (other: Contestant['name']) => formatRatio(value('ours'), value(other));
      const cells = run.contestants.map(({ name }) => formatCount(value(name)));
      return {
        title: of,
        cells: [...cells, ratio('ours-memory'), ratio('better-sse'), ratio('express')],
      };
    });
    const heads = run.contestants.map((each) => each.title);
    return renderTable(title, [...heads, '/no journal', '/better-sse', '/express'], rows);
  };
  return [
    table('Deliveries per CPU second of the server', 'deliveriesPerCpuSecond'),
    table('Deliveries per second', 'deliveriesPerSecond'),
  ];
}

function latencyTable(run: Run): string {
  const rows = run.plans.flatMap((plan) => {
    if (plan.kind !== 'fan-out' || plan.rate === null) return [];
    const of = rateCase(plan.subscribers, plan.rate.perSecond);
    return [
      row(run, `${of}: p50 ms`, of, 'p50Ms', formatMs),
      row(run, `${of}: p99 ms`, of, 'p99Ms', formatMs),
      row(run, `${of}: CPU`, of, 'cpuShare', formatShare),
    ];
  });
  return renderTable(
    'At a fixed rate, single events: from the order to publish to receipt',
    heads(run),
    rows,
  );
}

function memoryTable(run: Run): string {
  return renderTable('Memory', heads(run), [
    row(run, 'at start, MiB', memoryCase, 'startMib', formatNumber),
    row(run, 'idle subscriber, KiB', memoryCase, 'idleKib', formatNumber),
    row(run, 'after all of 1000, MiB', memoryCase, 'busyMib', formatNumber),
    {
      title: 'events the journal could not take, at most',
      cells: run.contestants.map(({ name }) => {
        const lost = run.results.most(name, memoryCase, 'lost');
        return lost === undefined ? undefined : formatCount(lost);
      }),
    },
  ]);
}

function stalledTable(run: Run): string {
  const plans = run.plans.filter((plan) => plan.kind === 'stalled');
  const [first] = plans;
  if (!first) return '';
  const title = `Readers that have stopped: ${first.readers} others read ${first.rate.perSecond}/s in bursts of ${first.rate.burst}, ${stalledEventBytes} bytes each`;
  const rows = plans.flatMap(({ stalled }) => {
    const of = stalledCase(stalled);
    return [
      row(run, `${of}: p50 ms`, of, 'p50Ms', formatMs),
      row(run, `${of}: p99 ms`, of, 'p99Ms', formatMs),
      row(run, `${of}: grown by MiB`, of, 'grownMib', formatNumber),
      row(run, '  each later received', of, 'laterReceived', formatNumber),
      row(run, '  each was told it missed', of, 'laterTold', formatNumber),
      row(run, '  not within 3 s, not told', of, 'laterUntold', formatNumber),
    ];
  });
  return renderTable(title, heads(run), rows);
}

function renderVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ goal, value, isMet, isEstimate }) => {
    const word = isMet === null ? 'not measured' : isMet ? 'met' : 'MISSED';
    const estimate = isEstimate && value !== null ? '  (estimate)' : '';
    return `  ${word.padEnd(12)}  ${(value ?? '').padStart(9)}  ${goal}${estimate}`;
  });
  const note = verdicts.some((each) => each.isEstimate && each.value !== null)
    ? [
        '  Estimates are NOT measured in this run: our ratio to better-sse here, times the ratio of better-sse to a tokio',
        '  server in an earlier run (reference.ts). With bench/events/server-tokio built it is measured.',
      ]
    : [];
  return ['Goals', ...lines, ...note].join('\n');
}

function heads({ contestants }: Run): readonly string[] {
  return contestants.map((each) => each.title);
}

function row(
  { contestants, results }: Run,
  title: string,
  of: string,
  measure: Measure,
  format: (value: number) => string,
): Row {
  const cells = contestants.map(({ name }) => {
    const value = results.median(name, of, measure);
    return value === undefined ? undefined : format(value);
  });
  return { title, cells };
}

/** Rows without any number are left out. */
function renderTable(title: string, heads: readonly string[], rows: readonly Row[]): string {
  const filled = rows.filter(({ cells }) => cells.some((cell) => cell !== undefined));
  if (filled.length === 0) return '';
  const width = Math.max(...filled.map((each) => each.title.length));
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...filled.map(({ cells }) => (cells[column] ?? '-').length)),
  );
  const line = (first: string, cells: readonly (string | undefined)[]) =>
    `  ${first.padEnd(width)}  ${widths.map((each, column) => (cells[column] ?? '-').padStart(each)).join('  ')}`;
  return [title, line('', heads), ...filled.map((each) => line(each.title, each.cells))].join('\n');
}

function formatCount(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)}k`;
  return value.toFixed(0);
}

function formatRatio(left: number | undefined, right: number | undefined): string | undefined {
  return left === undefined || !right ? undefined : `${(left / right).toFixed(2)}x`;
}

function formatMs(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1);
}

function formatShare(value: number): string {
  return `${(value * 100).toFixed(0)}%`;
}

function formatNumber(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}
