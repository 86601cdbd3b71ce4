/**
 * `GET /metrics` in Prometheus' text format. Counts are read from the snapshot that the page shows, at
 * the moment of the scrape, so that they agree with it and cost nothing in between; only what a
 * snapshot cannot hold, the histograms, is observed as it happens.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StatusSnapshot } from '../../../shared/status.ts';
import { GatewayMetrics } from './gateway-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { type TrendReading, Trends } from './trends.ts';

const prefix = 'pm_supervisor_';

interface Reading {
  readonly of?: string;
  readonly value: number;
}

/** A number that is kept elsewhere; `label` names what `of` tells apart. */
interface Definition {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly read: (snapshot: StatusSnapshot) => readonly Reading[];
}

const one = (value: number): readonly Reading[] => [{ value }];

const eventDefinitions: readonly Definition[] = [
  {
    kind: 'counter',
    name: 'events_published_total',
    help: 'Events that entered the channel.',
    read: ({ events }) => one(events.published),
  },
  {
    kind: 'counter',
    name: 'events_delivered_total',
    help: 'Frames handed to subscribers.',
    read: ({ events }) => one(events.delivered),
  },
  {
    kind: 'counter',
    name: 'events_lagged_total',
    help: 'Events that slow subscribers had to skip.',
    read: ({ events }) => one(events.lagged),
  },
  {
    kind: 'counter',
    name: 'events_deduplicated_total',
    help: 'Events that came in more than once.',
    read: ({ events }) => one(events.deduplicated),
  },
  {
    kind: 'counter',
    name: 'events_rejected_total',
    help: 'Deliveries that were no valid event.',
    read: ({ events }) => one(events.rejected),
  },
  {
    kind: 'counter',
    name: 'events_replayed_total',
    help: 'Frames delivered to subscribers that came back.',
    read: ({ events }) => one(events.replayed),
  },
  {
    kind: 'counter',
    name: 'event_gaps_total',
    help: 'Gaps that subscribers were told of.',
    label: 'reason',
    read: ({ events }) => Object.entries(events.gaps).map(([of, value]) => ({ of, value })),
  },
  {
    kind: 'counter',
    name: 'event_source_events_total',
    help: 'Events received from each source.',
    label: 'source',
    read: ({ events }) =>
      events.sources.map(({ name, received }) => ({ of: name, value: received })),
  },
  {
    kind: 'gauge',
    name: 'event_source_connected',
    help: '1 while the source is connected.',
    label: 'source',
    read: ({ events }) =>
      events.sources.map(({ name, state }) => ({ of: name, value: Number(state === 'connected') })),
  },
  {
    kind: 'gauge',
    name: 'event_subscribers',
    help: 'Subscribers of the event channel.',
    read: ({ events }) => one(events.subscribers.length),
  },
  {
    kind: 'gauge',
    name: 'event_journal_events',
    help: 'Events on disk.',
    read: ({ events }) => one(events.journal.events),
  },
  {
    kind: 'counter',
    name: 'event_journal_lost_total',
    help: 'Events that the disk did not take.',
    read: ({ events }) => one(events.journal.lost),
  },
];

const serviceDefinitions: readonly Definition[] = [
  {
    kind: 'gauge',
    name: 'service_up',
    help: '1 while the service is ready.',
    label: 'service',
    read: ({ services }) =>
      services.map(({ name, state }) => ({ of: name, value: Number(state === 'ready') })),
  },
  {
    kind: 'counter',
    name: 'service_restarts_total',
    help: 'Restarts of each service.',
    label: 'service',
    read: ({ services }) => services.map(({ name, restarts }) => ({ of: name, value: restarts })),
  },
  {
    kind: 'gauge',
    name: 'mcp_sessions',
    help: 'Sessions on each instance.',
    label: 'instance',
    read: ({ instances }) => instances.map(({ name, sessions }) => ({ of: name, value: sessions })),
  },
  {
    kind: 'counter',
    name: 'mcp_calls_total',
    help: 'Requests that each instance answered.',
    label: 'instance',
    read: ({ instances }) => instances.map(({ name, calls }) => ({ of: name, value: calls })),
  },
  {
    kind: 'gauge',
    name: 'mcp_in_flight',
    help: 'Requests that each instance works on.',
    label: 'instance',
    read: ({ instances }) => instances.map(({ name, inFlight }) => ({ of: name, value: inFlight })),
  },
  {
    kind: 'gauge',
    name: 'mcp_pool_sessions',
    help: 'Sessions of each pool, those that are moving included.',
    label: 'pool',
    read: ({ sessions }) =>
      [...Map.groupBy(sessions, ({ server }) => server)].map(([of, each]) => ({
        of,
        value: each.length,
      })),
  },
];

export class Metrics {
  /** Seconds from the first publish of a batch to the write that carries it. */
  readonly flushSeconds: Histogram;
  /** Seconds in which a webhook delivery is answered. */
  readonly webhookSeconds: Histogram;
  /** What goes through the gateway. */
  readonly gateway: GatewayMetrics;
  /** How the last hour went. */
  readonly trends: Trends;
  readonly #registry = new Registry();
  readonly #takeSnapshot: () => StatusSnapshot;
  /** The one that all numbers of a scrape are read from. */
  #snapshot: StatusSnapshot | null = null;

  constructor(takeSnapshot: () => StatusSnapshot) {
    this.#takeSnapshot = takeSnapshot;
    const registers = [this.#registry];
    addProcessMetrics(this.#registry, prefix);
    this.flushSeconds = new Histogram({
      name: `${prefix}event_flush_seconds`,
      help: 'From the first publish of a batch to the write that carries it.',
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5],
      registers,
    });
    this.webhookSeconds = new Histogram({
      name: `${prefix}webhook_seconds`,
      help: 'Time to answer a webhook delivery.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
      registers,
    });
    this.gateway = new GatewayMetrics(this.#registry, prefix);
    this.trends = new Trends(() => trendReading(takeSnapshot()), this.gateway);
    for (const definition of [...eventDefinitions, ...serviceDefinitions]) this.#add(definition);
  }

  /** The media type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything, as it is now. */
  async text(): Promise<string> {
    this.#snapshot = this.#takeSnapshot();
    return await this.#registry.metrics();
  }

  #add({ kind, name, help, label, read }: Definition): void {
    const readings = () => (this.#snapshot === null ? [] : read(this.#snapshot));
    const labels = (of: string | undefined) => (label === undefined ? {} : { [label]: of ?? '' });
    const common = {
      name: prefix + name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
    };
    if (kind === 'gauge') {
      const gauge = new Gauge({
        ...common,
        collect: () => {
          gauge.reset();
          for (const { of, value } of readings()) gauge.set(labels(of), value);
        },
      });
      return;
    }
    const counter = new Counter({
      ...common,
      collect: () => {
        // The total is kept elsewhere; the counter takes over what it is now.
        counter.reset();
        for (const { of, value } of readings()) counter.inc(labels(of), value);
      },
    });
  }
}

/** A pool's restarts are those of its instances. */
function trendReading({ events, sessions, services }: StatusSnapshot): TrendReading {
  return {
    events: events.published,
    sessions: sessions.length,
    restarts: services.reduce((sum, { restarts }) => sum + restarts, 0),
  };
}
