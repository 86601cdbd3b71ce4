import type { InstanceStatus } from '../../../shared/status.ts';
import type { Service } from '../services/service.ts';

/** What the pool needs of the supervised process behind an instance. */
export type Supervised = Pick<
  Service,
  'state' | 'port' | 'history' | 'start' | 'stop' | 'restart' | 'status'
>;

/** One MCP server process of the pool, with what the gateway counts on it. */
export class Instance {
  readonly name: string;
  /** The name of its pool. */
  readonly server: string;
  readonly service: Supervised;
  /** Requests being answered now; streams are not among them. */
  inFlight = 0;
  /** Requests answered since the supervisor started. */
  calls = 0;
  /** New sessions on their way: placed here, their id not yet known. */
  opening = 0;
  #visits = 0;

  /** It is being emptied: nothing new comes here. */
  draining = false;
  #leaving = new AbortController();

  /** When its process began to start, by `performance.now`. */
  bornAt = performance.now();

  constructor(name: string, server: string, service: Supervised) {
    this.name = name;
    this.server = server;
    this.service = service;
  }

  /** Requests and WebSockets that are none of MCP: it must not rest meanwhile; nobody waits for their end. */
  get visits(): number {
    return this.#visits;
  }

  /** One more of these, until what it returns is called. */
  visit(): () => void {
    this.#visits += 1;
    let isHere = true;
    return () => {
      if (isHere) this.#visits -= 1;
      isHere = false;
    };
  }

  /** Where it listens while it is up; null before its first start. */
  get origin(): string | null {
    const { port } = this.service;
    return port === null ? null : `http://127.0.0.1:${port}`;
  }

  /** True when it can take requests; one that misses probes may only be busy. */
  get isUp(): boolean {
    return this.service.state === 'ready' || this.service.state === 'unhealthy';
  }

  /** True when it is up and answers its probes. */
  get isHealthy(): boolean {
    return this.service.state === 'ready';
  }

  /** Aborts when it is being emptied or has ended; streams that belong to no session end then. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  /** It is going or gone; its next process starts afresh. */
  leave(): void {
    this.#leaving.abort();
    this.#leaving = new AbortController();
  }

  status(sessions: number): InstanceStatus {
    const { server, inFlight, calls } = this;
    return { ...this.service.status(), server, sessions, inFlight, calls };
  }
}
