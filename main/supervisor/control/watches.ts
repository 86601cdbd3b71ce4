/**
 * `Watch`: what happens, told on the connection that asked, between its replies. A client that reads
 * slowly costs nobody anything: of snapshots it gets the newest when it can take one, of all else what
 * fits, and each later line says how many it missed.
 */
import type { WatchLine, WatchTopic } from '../../../shared/control-protocol.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { StampedEvent } from '../../../shared/events.ts';
import type { ServiceLine, StateTransition, StatusSnapshot } from '../../../shared/status.ts';
import type { CallerConnection } from './caller.ts';
import { wireTransition } from './wire.ts';

/** Where a watch hears of what happens; each call returns the way out. */
export interface WatchSources {
  onSnapshot(listener: (snapshot: StatusSnapshot) => void): () => void;
  onEvents(listener: (events: readonly StampedEvent[]) => void): () => void;
  onTransition(listener: (transition: StateTransition) => void): () => void;
  /** The lines of a service from now on; throws `unknown_service`. */
  onLines(service: string, listener: (lines: readonly ServiceLine[]) => void): () => void;
}

interface WatchRequest {
  readonly id?: string | number;
  readonly topics: readonly WatchTopic[];
  readonly service: string | null;
}

/** Watches of one connection; a client has use for a few, with different topics. */
const maxWatches = 16;

export class Watches {
  readonly #sources: WatchSources;
  readonly #running = new WeakMap<CallerConnection, Map<string | number | null, () => void>>();

  constructor(sources: WatchSources) {
    this.#sources = sources;
  }

  /** Begins a watch as soon as its reply is out; one of the same id on the connection ends. */
  begin(connection: CallerConnection, request: WatchRequest): void {
    const own = this.#running.get(connection) ?? new Map<string | number | null, () => void>();
    const key = request.id ?? null;
    if (own.size >= maxWatches && !own.has(key)) {
      throw new CodedError('at_capacity', `A connection may have ${maxWatches} watches. Unwatch.`);
    }
    const leave = this.#listen(connection, request);
    own.get(key)?.();
    if (own.size === 0) connection.closed.addEventListener('abort', () => this.end(connection));
    own.set(key, leave);
    this.#running.set(connection, own);
  }

  /** Ends all watches of a connection. */
  end(connection: CallerConnection): void {
    for (const leave of this.#running.get(connection)?.values() ?? []) leave();
    this.#running.delete(connection);
  }

  #listen(connection: CallerConnection, { id, topics, service }: WatchRequest): () => void {
    const wanted = new Set(topics);
    const tell = new Teller(connection, id);
    const leave: (() => void)[] = [];
    if (wanted.has('logs')) {
      if (service === null) {
        throw new CodedError('bad_request', 'Watch: field "service": logs need one service.');
      }
      leave.push(this.#sources.onLines(service, (lines) => tell.send('logs', { service, lines })));
    }
    if (wanted.has('events')) {
      leave.push(this.#sources.onEvents((events) => tell.send('events', events)));
    }
    if (wanted.has('state')) {
      leave.push(
        this.#sources.onTransition((transition) => {
          const isMeant = service === null || isSame(transition.service, service);
          if (isMeant) tell.send('state', wireTransition(transition));
        }),
      );
    }
    if (wanted.has('snapshot')) {
      // The first one comes at once, so it has to wait until the reply is out.
      const first = setImmediate(() => {
        leave.push(this.#sources.onSnapshot((snapshot) => tell.snapshot(snapshot)));
      });
      leave.push(() => clearImmediate(first));
    }
    leave.push(connection.onRead(() => tell.catchUp()));
    return () => {
      for (const each of leave) each();
    };
  }
}

/** Tells one watch's lines, as far as its client reads them. */
class Teller {
  readonly #connection: CallerConnection;
  readonly #id: string | number | undefined;
  readonly #dropped = new Map<WatchTopic, number>();
  #missed: StatusSnapshot | null = null;

  constructor(connection: CallerConnection, id: string | number | undefined) {
    this.#connection = connection;
    this.#id = id;
  }

  send(topic: WatchTopic, data: unknown): void {
    const dropped = this.#dropped.get(topic) ?? 0;
    const line: WatchLine = {
      type: 'watch',
      ...(this.#id !== undefined && { id: this.#id }),
      topic,
      data,
      ...(dropped > 0 && { dropped }),
    };
    if (this.#connection.tell(line)) this.#dropped.delete(topic);
    else this.#dropped.set(topic, dropped + 1);
  }

  snapshot(snapshot: StatusSnapshot): void {
    this.#missed = null;
    const before = this.#dropped.get('snapshot') ?? 0;
    this.send('snapshot', snapshot);
    if ((this.#dropped.get('snapshot') ?? 0) > before) this.#missed = snapshot;
  }

  /** The client has read: it gets the state it missed. */
  catchUp(): void {
    if (this.#missed) this.snapshot(this.#missed);
  }
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
