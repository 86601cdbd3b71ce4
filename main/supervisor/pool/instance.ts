import type { InstanceStatus } from '../../../shared/status.ts';
import type { Service } from '../services/service.ts';

/** One MCP server process of the pool, with what the gateway counts on it. */
export class Instance {
  readonly name: string;
  readonly service: Service;
  /** Requests being answered now; streams are not among them. */
  inFlight = 0;
  /** Requests answered since the supervisor started. */
  calls = 0;
  /** New sessions on their way: placed here, their id not yet known. */
  opening = 0;

  constructor(name: string, service: Service) {
    this.name = name;
    this.service = service;
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

  status(sessions: number): InstanceStatus {
    const { inFlight, calls } = this;
    return { ...this.service.status(), sessions, inFlight, calls };
  }
}
