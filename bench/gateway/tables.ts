/** The results as people read them in a terminal. */
import { type Machine, machineLines } from '../kit/machine.ts';
import type { Absence } from './contestants.ts';
import type { ContestantName } from './options.ts';
import { type Plan, plans } from './plans.ts';
import type { Results } from './results.ts';

export interface Run {
  readonly machine: Machine;
  readonly rounds: number;
  readonly contestants: readonly ContestantName[];
  readonly absent: readonly Absence[];
  readonly results: Results;
}

/** CPU time of the gateway for a call with JSON, in µs. */
const goalUs = 60;
const stretchGoalUs = 30;

const columns = ['calls/s', 'to direct', 'CPU us/call', 'median', 'p50 ms', 'p99 ms', 'client'];

export function renderRun(run: Run): string {
  const { results } = run;
  const parts = [renderHead(run), ...plans.map((plan) => renderPlan(plan, run)), renderGoals(run)];
  if (results.troubles.length > 0) {
    parts.push(['What went wrong', ...results.troubles.map((each) => `  ${each}`)].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

function renderHead({ machine, rounds, absent }: Run): string {
  return [
    ...machineLines('MCP gateway', machine),
    `${machine.versions.join(', ')}; load client call-client.c (epoll), upstream fast-server.c`,
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, interleaved in random order; one call in flight a session, every answer checked; loopback.`,
    'Medians; "to direct" of the ratios within a round; CPU of the proxy process, lower quartile and median;',
    '"client" is the share of a core that the load client took: near 100% it was the limit, not the proxy.',
    ...absent.map(({ name, reason }) => `Not in this run: ${name} (${reason}).`),
  ].join('\n');
}

function renderPlan(plan: Plan, { contestants, results }: Run): string {
  const rows = contestants.map((name) => {
    const median = (of: Parameters<Results['median']>[2]) => results.median(name, plan.name, of);
    return [
      name,
      show(median((each) => each.callsPerSecond)),
      show(results.ratioToDirect(name, plan.name), 2),
      show(results.cpuUs(name, plan.name), 1),
      show(
        median((each) => each.cpuUs),
        1,
      ),
      show(
        median((each) => each.p50Ms),
        2,
      ),
      show(
        median((each) => each.p99Ms),
        2,
      ),
      percent(median((each) => each.clientShare)),
    ];
  });
  const lines = [['', ...columns], ...rows].map(
    ([first = '', ...cells]) =>
      `  ${first.padEnd(10)}${cells.map((cell, index) => cell.padStart((columns[index]?.length ?? 0) + 2)).join('')}`,
  );
  return [`Sessions: ${plan.name}`, ...lines].join('\n');
}

function renderGoals({ results }: Run): string {
  const lines = plans.flatMap(({ name }) => {
    const value = results.cpuUs('ours', name);
    return [
      goal(value, goalUs, `${name}: at most ${goalUs} us of CPU for a call`),
      goal(value, stretchGoalUs, `${name}: at most ${stretchGoalUs} us (stretch)`),
    ];
  });
  return ['Goals', ...lines].join('\n');
}

function goal(value: number | undefined, atMost: number, text: string): string {
  const word = value === undefined ? 'not measured' : value <= atMost ? 'met' : 'MISSED';
  return `  ${word.padEnd(12)}  ${show(value, 1).padStart(7)}  ${text}`;
}

function show(value: number | undefined, digits = 0): string {
  return value === undefined ? '-' : value.toFixed(digits);
}

function percent(value: number | undefined): string {
  return value === undefined ? '-' : `${(value * 100).toFixed(0)}%`;
}
