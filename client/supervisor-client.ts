/**
 * The client library of the supervisor, for editor extensions and scripts; Node 20 or newer, no
 * dependencies. It finds the supervisor by itself, keeps one connection for requests, which may overlap,
 * and opens a new one when that has ended. Its streams (`events`, `watch`, `heartbeats`) survive restarts.
 */
import { setMaxListeners } from 'node:events';
import type { ReplyData, RequestOf, RequestType, WatchTopic } from '../shared/control-protocol.ts';
import { type Address, findAddresses } from './addresses.ts';
import { addressText, Connection, refusal } from './connection.ts';
import { type EventFilter, type EventItem, readEvents } from './events.ts';
import type { Gateway } from './gateway.ts';
import { type HeartbeatItem, type HeartbeatOptions, readHeartbeats } from './heartbeats.ts';
import { SupervisorError } from './supervisor-error.ts';
import { readWatch, type WatchItem, type WatchOptions } from './watch.ts';

export interface ClientOptions {
  /** Who asks, as the supervisor's log names it. */
  readonly name?: string;
  readonly version?: string;
  /** The configuration of the supervisor that is meant; by default `PM_SUPERVISOR_CONFIG`, else the standard one. */
  readonly configPath?: string;
  /** A socket, a pipe or a TCP port of this machine, in place of the search. */
  readonly address?: string | number;
  /** For the gateway and TCP where `[auth]` asks for it; called when it is needed. */
  readonly token?: () => string | null | Promise<string | null>;
  /** How long one place may take to answer, in ms. */
  readonly connectTimeoutMs?: number;
  /** How long a reply may take, in ms. */
  readonly requestTimeoutMs?: number;
  /** The environment to look for the supervisor in. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface RequestOptions {
  /** How long the reply may take, in ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The fields of a request, without its type; none for most. */
export type FieldsOf<Type extends RequestType> = Omit<RequestOf<Type>, 'type'>;

/** Fields may be left out where none is required. */
type RequestArguments<Type extends RequestType> =
  Partial<FieldsOf<Type>> extends FieldsOf<Type>
    ? [fields?: FieldsOf<Type>, options?: RequestOptions]
    : [fields: FieldsOf<Type>, options?: RequestOptions];

const usualConnectTimeoutMs = 1_500;
const usualRequestTimeoutMs = 5_000;

interface Introduced {
  readonly connection: Connection;
  readonly supervisor: ReplyData['WhoAmI'];
}

export class SupervisorClient implements Disposable {
  readonly #options: ClientOptions;
  readonly #connectTimeoutMs: number;
  readonly #requestTimeoutMs: number;
  readonly #closed = new AbortController();
  readonly #gateway: Gateway;
  #current: Introduced | null = null;
  #search: Promise<Introduced> | null = null;

  constructor(options: ClientOptions = {}) {
    this.#options = options;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? usualConnectTimeoutMs;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? usualRequestTimeoutMs;
    // Each request and each stream listens to it.
    setMaxListeners(0, this.#closed.signal);
    this.#gateway = {
      stats: (signal) => this.request('EventStats', {}, { signal }),
      token: async () => (await options.token?.()) ?? null,
      connectTimeoutMs: this.#connectTimeoutMs,
    };
  }

  /** Connects unless it is connected, and tells who is there. Throws `not_running` when nobody is. */
  async connect(): Promise<ReplyData['WhoAmI']> {
    return (await this.#connected()).supervisor;
  }

  /**
   * Asks and waits for the answer. A refusal is thrown as a `SupervisorError` with its code; so is that
   * nobody runs (`not_running`). A request that was lost on the way (`disconnected`) is not repeated by itself:
   * it may have been done.
   */
  async request<Type extends RequestType>(
    type: Type,
    ...[fields, options = {}]: RequestArguments<Type>
  ): Promise<ReplyData[Type]> {
    const { connection } = await this.#connected();
    return await this.#ask(connection, { ...fields, type }, options);
  }

  /** Where `/supervisor/events` is; null while the gateway is off. */
  async getEventsUrl(): Promise<string | null> {
    return (await this.request('SubscribeEvents')).events_url;
  }

  /** How many listen, and what was published, delivered and skipped. */
  async getEventStats(): Promise<ReplyData['EventStats']> {
    return await this.request('EventStats');
  }

  /** Data-change events from now on, or from `since` on. None is lost over a restart, or it is told as a gap. */
  events(filter: EventFilter = {}): AsyncGenerator<EventItem, void, undefined> {
    return readEvents(this.#gateway, { ...filter, signal: this.#untilClosed(filter.signal) });
  }

  /** What happens in the supervisor: snapshots, state changes, events, the output of a service. */
  watch<Topic extends WatchTopic>(
    options: WatchOptions<Topic>,
  ): AsyncGenerator<WatchItem<Topic>, void, undefined> {
    const source = {
      open: async (signal: AbortSignal) => (await this.#find(signal)).connection,
      requestTimeoutMs: this.#requestTimeoutMs,
    };
    return readWatch(source, { ...options, signal: this.#untilClosed(options.signal) });
  }

  /** The supervisor's heartbeat, with a word when a beat is missed. */
  heartbeats(options: HeartbeatOptions = {}): AsyncGenerator<HeartbeatItem, void, undefined> {
    return readHeartbeats(this.#gateway, {
      ...options,
      signal: this.#untilClosed(options.signal),
    });
  }

  /** Ends the connection and all streams; what waits for a reply gets `disconnected`. */
  close(): void {
    this.#closed.abort(new SupervisorError('disconnected', 'The client was closed.'));
    this.#current?.connection.close();
    this.#current = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #untilClosed(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
  }

  /** The connection for requests; many that come at once share one search. */
  async #connected(): Promise<Introduced> {
    if (this.#closed.signal.aborted) {
      throw new SupervisorError('disconnected', 'The client is closed. Make a new one.');
    }
    if (this.#current?.connection.isOpen) return this.#current;
    this.#search ??= this.#findOnce();
    return await this.#search;
  }

  async #findOnce(): Promise<Introduced> {
    try {
      this.#current = await this.#find(this.#closed.signal);
      return this.#current;
    } finally {
      this.#search = null;
    }
  }

  /** Tries all places one after the other. */
  async #find(signal: AbortSignal): Promise<Introduced> {
    const { addresses, where } = await this.#addresses();
    const reasons: string[] = [];
    for (const address of addresses) {
      try {
        return await this.#open(address, signal);
      } catch (error) {
        signal.throwIfAborted();
        // A refused token is an answer: looking further would hide it.
        if (!(error instanceof SupervisorError) || error.code === 'unauthorized') throw error;
        reasons.push(error.message);
      }
    }
    const tried = reasons.length === 0 ? '' : ` (${reasons.join(' ')})`;
    throw new SupervisorError('not_running', `No supervisor runs ${where}.${tried}`);
  }

  async #addresses(): Promise<{ addresses: readonly Address[]; where: string }> {
    const { address, configPath = null, env = process.env } = this.#options;
    if (address !== undefined) {
      const only: Address =
        typeof address === 'number'
          ? { kind: 'tcp', port: address, owner: 'any' }
          : { kind: 'socket', path: address };
      return { addresses: [only], where: `at ${addressText(only)}` };
    }
    const found = await findAddresses(configPath, env);
    return { addresses: found.addresses, where: `with the configuration ${found.configPath}` };
  }

  /** Connects and asks who is there; all of it within the time that a connection may take. */
  async #open(address: Address, signal: AbortSignal): Promise<Introduced> {
    const timeoutMs = this.#connectTimeoutMs;
    const connection = await Connection.open(address, timeoutMs, signal);
    try {
      const token = address.kind === 'tcp' ? await this.#gateway.token() : null;
      if (token !== null) {
        await this.#ask(connection, { type: 'Authenticate', token }, { timeoutMs, signal });
      }
      const { name = 'project-memory-client', version } = this.#options;
      const introduction = {
        client: name,
        ...(version !== undefined && { client_version: version }),
      };
      const supervisor: ReplyData['WhoAmI'] = await this.#ask(
        connection,
        { type: 'WhoAmI', ...introduction },
        { timeoutMs, signal },
      );
      const isOne = supervisor.server_name === 'project-memory-supervisor';
      if (!isOne || !(await this.#isMeant(address, { connection, supervisor }, signal))) {
        throw new SupervisorError(
          'not_running',
          `${addressText(address)} belongs to another program, or to a supervisor of another configuration.`,
        );
      }
      signal.throwIfAborted();
      return { connection, supervisor };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #isMeant(
    address: Address,
    { connection, supervisor }: Introduced,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (address.kind === 'socket' || address.owner === 'any') return true;
    if ('pid' in address.owner) return address.owner.pid === supervisor.pid;
    const timeoutMs = this.#connectTimeoutMs;
    const { config } = await this.#ask(connection, { type: 'Snapshot' }, { timeoutMs, signal });
    return config.path === address.owner.configPath;
  }

  async #ask<Type extends RequestType>(
    connection: Connection,
    request: { readonly type: Type; readonly [field: string]: unknown },
    { timeoutMs = this.#requestTimeoutMs, signal }: RequestOptions,
  ): Promise<ReplyData[Type]> {
    const reply = await connection.send(request, { timeoutMs, signal });
    if (!reply.ok) throw refusal(reply);
    return reply.data as ReplyData[Type];
  }
}
