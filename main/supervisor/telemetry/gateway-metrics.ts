/**
 * What goes through the gateway, as it happens: calls by instance and tool, how long they take, how they
 * end. Clients choose method and tool, so the names that are told apart are bounded.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Failover } from '../../../shared/status.ts';
import { LatencyWindow } from './latency-window.ts';
import type { CallFigures } from './trends.ts';

/** One request that is over. */
export interface CallSample {
  readonly instance: string;
  /** The JSON-RPC method; null where the request had none that was read. */
  readonly method: string | null;
  /** The tool of a `tools/call`. */
  readonly tool: string | null;
  /** `ok`, `error` (of the server or its tool), `failed` (the gateway answered), `gone` (the client left). */
  readonly outcome: 'ok' | 'error' | 'failed' | 'gone';
  readonly seconds: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** How often it was made again. */
  readonly repeats: number;
  /** The instance ended while it worked on it, and nobody else could. */
  readonly isInterrupted: boolean;
}

/** The moves of sessions that are remembered: as many as somebody reads. */
const maxFailovers = 20;

/** Names of tools told apart, over all servers. */
const maxTools = 100;

/** The methods of MCP that clients send (2024-11-05 … 2026-07-28). */
const knownMethods: ReadonlySet<string> = new Set([
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
  'tasks/cancel',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tools/call',
  'tools/list',
]);

const other = 'other';

type Labels = 'instance' | 'method' | 'tool';

type RequestLabels = Readonly<Record<Labels | 'outcome', string>>;

export class GatewayMetrics implements CallFigures {
  readonly #requests: Counter<Labels | 'outcome'>;
  readonly #seconds: Histogram<Labels>;
  readonly #bytes: Counter<'direction'>;
  readonly #repeated: Counter;
  readonly #interrupted: Counter;
  readonly #moved: Counter<'pool'>;
  readonly #tools = new Set<string>();
  readonly #latency = new LatencyWindow();
  #failovers: readonly Failover[] = [];
  #calls = 0;
  // What is not counted yet.
  readonly #uncounted = new Map<string, { readonly labels: RequestLabels; requests: number }>();
  #bytesIn = 0;
  #bytesOut = 0;

  /** `prefix` goes before each name. */
  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    this.#requests = new Counter({
      name: `${prefix}mcp_requests_total`,
      help: 'Requests to MCP endpoints that are over.',
      labelNames: ['instance', 'method', 'tool', 'outcome'],
      registers,
      collect: () => this.#countRequests(),
    });
    this.#seconds = new Histogram({
      name: `${prefix}mcp_request_seconds`,
      help: 'How long requests to MCP endpoints took; streams that stay open are left out.',
      labelNames: ['instance', 'method', 'tool'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
      registers,
    });
    this.#bytes = new Counter({
      name: `${prefix}mcp_bytes_total`,
      help: 'Bytes of bodies: in from clients, out to clients.',
      labelNames: ['direction'],
      registers,
      collect: () => this.#countBytes(),
    });
    this.#repeated = new Counter({
      name: `${prefix}mcp_repeated_calls_total`,
      help: 'Calls that were made again because their instance had ended.',
      registers,
    });
    this.#interrupted = new Counter({
      name: `${prefix}mcp_interrupted_calls_total`,
      help: 'Calls that ended with their instance.',
      registers,
    });
    this.#moved = new Counter({
      name: `${prefix}mcp_failovers_total`,
      help: 'Sessions that another instance took over.',
      labelNames: ['pool'],
      registers,
    });
  }

  /** A request is over; `seconds` counts only where `isStream` is false. */
  observe(sample: CallSample, isStream: boolean): void {
    const { instance, outcome, seconds, bytesIn, bytesOut, repeats } = sample;
    const method = knownMethods.has(sample.method ?? '') ? (sample.method ?? '') : other;
    const tool = this.#toolLabel(sample.tool);
    this.#countRequest({ instance, method, tool, outcome });
    this.#calls += 1;
    if (!isStream) {
      this.#seconds.observe({ instance, method, tool }, seconds);
      this.#latency.add(seconds);
    }
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    if (repeats > 0) this.#repeated.inc(repeats);
    if (sample.isInterrupted) this.#interrupted.inc();
  }

  /** A session of this pool has a new home. */
  sessionMoved(pool: string, clientName: string | null, to: string | null): void {
    this.#moved.inc({ pool });
    const id = (this.#failovers[0]?.id ?? 0) + 1;
    const failover = { id, at: new Date().toISOString(), pool, clientName, to };
    this.#failovers = [failover, ...this.#failovers].slice(0, maxFailovers);
  }

  /** Requests that are over, since the start. */
  get calls(): number {
    return this.#calls;
  }

  /** The last moves of sessions, newest first. */
  get failovers(): readonly Failover[] {
    return this.#failovers;
  }

  /** How long requests took since this was last asked. */
  takeLatency(): ReturnType<CallFigures['takeLatency']> {
    const p50Ms = this.#latency.percentileMs(0.5);
    const p99Ms = this.#latency.percentileMs(0.99);
    this.#latency.clear();
    return { p50Ms, p99Ms };
  }

  #countRequest(labels: RequestLabels): void {
    const key = `${labels.instance} ${labels.method} ${labels.outcome} ${labels.tool}`;
    const known = this.#uncounted.get(key);
    if (known) known.requests += 1;
    else this.#uncounted.set(key, { labels, requests: 1 });
  }

  // Both only when somebody looks: a labelled counter costs more than an addition.
  #countRequests(): void {
    for (const { labels, requests } of this.#uncounted.values())
      this.#requests.inc(labels, requests);
    this.#uncounted.clear();
  }

  #countBytes(): void {
    if (this.#bytesIn > 0) this.#bytes.inc({ direction: 'in' }, this.#bytesIn);
    if (this.#bytesOut > 0) this.#bytes.inc({ direction: 'out' }, this.#bytesOut);
    this.#bytesIn = 0;
    this.#bytesOut = 0;
  }

  #toolLabel(tool: string | null): string {
    if (tool === null) return '';
    if (this.#tools.has(tool)) return tool;
    if (this.#tools.size >= maxTools) return other;
    this.#tools.add(tool);
    return tool;
  }
}
