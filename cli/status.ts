/** `pm-supervisor status`: everything that runs, on one screen. */
import type { ServiceState, ServiceStatus, StatusSnapshot } from '../shared/status.ts';
import { eventsIndicator, overallHealth, overallSentence, stateWord } from '../shared/wording.ts';
import type { Context, Input } from './command.ts';
import type { ExitName } from './exit-codes.ts';
import type { Paint, Style } from './output.ts';
import { Screen } from './screen.ts';
import { type Column, tableLines } from './table.ts';
import { cutTo, plain } from './text-width.ts';
import { ago, bytes, count } from './words.ts';

/** Shape and colour: who sees no colours loses nothing. */
const marks: Readonly<Record<ServiceState, readonly [mark: string, style: Style]>> = {
  ready: ['●', 'green'],
  starting: ['◐', 'blue'],
  stopping: ['◐', 'blue'],
  stopped: ['○', 'dim'],
  unhealthy: ['▲', 'yellow'],
  backing_off: ['▲', 'yellow'],
  crash_loop: ['✖', 'red'],
  failed: ['✖', 'red'],
};

const labelWidth = 8;

/** The indicator without its first word, which is the label here. */
const eventsLabel = 'Events: '.length;

export async function status(context: Context, input: Input): Promise<ExitName> {
  const { out } = context;
  if (input.flag('watch')) return await watch(context);
  const snapshot = await context.client().request('Snapshot');
  if (input.flag('names')) {
    const names = [...snapshot.services, ...snapshot.instances].map(({ name }) => name);
    out.result(names, () => names);
    return 'ok';
  }
  out.result(snapshot, () => statusLines(snapshot, out.width, out.paint, Date.now()));
  return exitOf(snapshot);
}

function exitOf(snapshot: StatusSnapshot): ExitName {
  const health = overallHealth(snapshot);
  return health === 'failed' || health === 'degraded' ? 'not_well' : 'ok';
}

/** A table that is redrawn in place; without a terminal, one after the other. */
async function watch(context: Context): Promise<ExitName> {
  const { out, signal } = context;
  let last: StatusSnapshot | null = null;
  let note = '';
  const screen = out.isTerminal && !out.json ? new Screen(out.stdout) : null;
  const draw = () => {
    const lines = last === null ? [] : statusLines(last, out.width, out.paint, Date.now());
    screen?.draw(note === '' ? lines : [out.paint('red', note), '', ...lines]);
  };
  // Uptimes grow also when nothing happens.
  const clock = screen === null ? null : setInterval(draw, 1_000);
  const leaveResize = screen?.onResize(draw);
  try {
    for await (const item of context.client().watch({ topics: ['snapshot'], signal })) {
      if (item.topic === 'connection') {
        note = item.data.connected ? '' : 'The supervisor does not answer. Waiting for it …';
        if (screen === null && note !== '') out.say(note);
      } else {
        last = item.data;
        const snapshot = item.data;
        if (screen === null) {
          out.result(snapshot, () => [
            ...statusLines(snapshot, out.width, out.paint, Date.now()),
            '',
          ]);
          await out.drained();
        }
      }
      draw();
    }
  } finally {
    if (clock) clearInterval(clock);
    leaveResize?.();
    screen?.leave();
  }
  return 'ok';
}

/** The whole view as lines of at most `width` columns. */
export function statusLines(
  snapshot: StatusSnapshot,
  width: number,
  paint: Paint,
  now: number,
): readonly string[] {
  const { config, events, sessions } = snapshot;
  const facts = [
    `up ${ago(snapshot.startedAt, now)}`,
    `process ${snapshot.pid}`,
    `version ${snapshot.version}`,
  ];
  const errors = config.problems.filter(({ severity }) => severity === 'error');
  const line = (text: string) => cutTo(plain(text), width);
  const fact = (name: string, text: string) =>
    paint('dim', name.padEnd(labelWidth)) + cutTo(plain(text), width - labelWidth);
  return [
    paint('bold', line(overallSentence(snapshot))),
    paint('dim', line(facts.join(' · '))),
    '',
    fact('MCP', `${snapshot.mcpUrl ?? 'off'} · ${count(sessions.length, 'session')}`),
    fact('Events', `${eventsIndicator(events).slice(eventsLabel)} · ${events.published} published`),
    fact('Page', snapshot.pageUrl ?? 'off'),
    ...errors.map((each) =>
      paint('red', line(`${config.path}:${each.line}:${each.column}: ${each.message}`)),
    ),
    '',
    ...tableLines(serviceColumns(now), rowsOf(snapshot), width, paint),
  ];
}

/** Each pool with its instances below it. */
function rowsOf({ services, instances }: StatusSnapshot): readonly Row[] {
  const below = new Set<string>();
  const rows = services.flatMap((service) => {
    const own = instances.filter(({ server }) => server === service.name);
    for (const { name } of own) below.add(name);
    return [
      { service, indent: '' },
      ...own.map((instance) => ({ service: instance, indent: '└ ' })),
    ];
  });
  const others = instances.filter(({ name }) => !below.has(name));
  return [...rows, ...others.map((service) => ({ service, indent: '' }))];
}

interface Row {
  readonly service: ServiceStatus;
  readonly indent: string;
}

function serviceColumns(now: number): readonly Column<Row>[] {
  const of =
    <Value>(read: (service: ServiceStatus) => Value) =>
    ({ service }: Row) =>
      read(service);
  return [
    { title: 'SERVICE', cell: ({ service, indent }) => indent + service.name, shrinks: 12 },
    {
      title: 'STATE',
      cell: of(({ state }) => `${marks[state][0]} ${stateWord(state)}`),
      style: of(({ state }) => marks[state][1]),
    },
    { title: 'FOR', cell: of(({ since }) => ago(since, now)), right: true, leaves: 3 },
    { title: 'PID', cell: of(({ pid }) => pid), right: true, leaves: 4 },
    { title: 'PORT', cell: of(({ port }) => port), right: true, leaves: 2 },
    { title: 'RESTARTS', cell: of(({ restarts }) => restarts || null), right: true, leaves: 5 },
    {
      title: 'CPU',
      cell: of(({ cpuPercent }) => (cpuPercent == null ? null : `${Math.round(cpuPercent)} %`)),
      right: true,
      leaves: 6,
    },
    {
      title: 'MEMORY',
      cell: of(({ rssBytes }) => (rssBytes == null ? null : bytes(rssBytes))),
      right: true,
      leaves: 7,
    },
    { title: 'WHY', cell: of(whyOf), style: () => 'dim', shrinks: 10, leaves: 1 },
  ];
}

/** Only where the state itself does not say enough. */
function whyOf({ state, reason, nextRetryAt, upgrade }: ServiceStatus): string | null {
  if (upgrade && upgrade.failed === null) return `upgrading: ${upgrade.done} of ${upgrade.total}`;
  if (state === 'ready') return null;
  return nextRetryAt === null ? reason : `${reason}; next try ${nextRetryAt.slice(11, 19)} UTC`;
}
