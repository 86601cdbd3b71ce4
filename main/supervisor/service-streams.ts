/** The event streams of our own services: each is listened to from the first time that it is up. */
import type { Config } from '../../shared/config-schema.ts';
import type { EventRoom } from './events/event-room.ts';
import type { StreamSource } from './events/stream-source.ts';
import type { Fleet } from './fleet.ts';

export class ServiceStreams {
  readonly #events: EventRoom;
  readonly #fleet: () => Fleet;
  readonly #config: () => Config;
  /** By the service's name. */
  readonly #streams = new Map<string, StreamSource>();

  constructor(events: EventRoom, fleet: () => Fleet, config: () => Config) {
    this.#events = events;
    this.#fleet = fleet;
    this.#config = config;
  }

  /** A service has come up: it is listened to, if it offers a stream. */
  isUp(service: string): void {
    if (this.#pathOf(service) === null) return;
    const known = this.#streams.get(service);
    if (known) {
      known.retryNow();
      return;
    }
    const url = () => this.#urlOf(service);
    this.#streams.set(service, this.#events.addSource(service, { url }));
  }

  /** Forgets the streams of services that there are no longer, and of those that offer none any more. */
  tidy(): void {
    for (const [service, source] of this.#streams) {
      if (this.#pathOf(service) !== null) continue;
      this.#events.removeSource(source);
      this.#streams.delete(service);
    }
    for (const { name } of this.#fleet().instanceStatuses()) {
      if (this.#urlOf(name) !== null) this.isUp(name);
    }
  }

  /** Null while it is down. */
  #urlOf(service: string): string | null {
    const path = this.#pathOf(service);
    if (path === null) return null;
    const { port, state } = this.#fleet().byName(service).status();
    return port !== null && state === 'ready' ? `http://127.0.0.1:${port}${path}` : null;
  }

  /** Null for a service without a stream, and for one that there is not. */
  #pathOf(service: string): string | null {
    const fleet = this.#fleet();
    if (service === 'dashboard') return fleet.dashboard === null ? null : '/api/events/stream';
    const isInstance = fleet.pool?.instance(service) !== undefined;
    return (isInstance && this.#config().mcp.node.events_path) || null;
  }
}
