/**
 * What happens in the supervisor as an async iterator, over a connection of its own. Who reads slowly is
 * read to slowly: the supervisor then sends the newest snapshot only and counts what it left out.
 */
import type { WatchLine, WatchTopic } from '../shared/control-protocol.ts';
import type { WireTransition } from '../shared/control-replies.ts';
import type { StampedEvent } from '../shared/events.ts';
import type { ServiceLine, StatusSnapshot } from '../shared/status.ts';
import { BackOff } from './back-off.ts';
import { type Connection, refusal } from './connection.ts';
import type { StreamState } from './gateway.ts';
import { isAway } from './supervisor-error.ts';

/** The data of each topic. */
export interface WatchData {
  readonly state: WireTransition;
  readonly snapshot: StatusSnapshot;
  readonly events: readonly StampedEvent[];
  readonly logs: { readonly service: string; readonly lines: readonly ServiceLine[] };
}

export type WatchItem<Topic extends WatchTopic = WatchTopic> =
  | {
      readonly [Each in Topic]: {
        readonly topic: Each;
        readonly data: WatchData[Each];
        /** Lines of this topic that were left out before this one, because we read too slowly. */
        readonly dropped: number;
      };
    }[Topic]
  /** The supervisor came or went; what happened between is not told. */
  | { readonly topic: 'connection'; readonly data: StreamState };

export interface WatchOptions<Topic extends WatchTopic> {
  readonly topics: readonly Topic[];
  /** Whose state changes; for logs, required: whose output. */
  readonly service?: string;
  readonly signal?: AbortSignal;
}

/** Lines that wait for the reader before the supervisor is held up. */
const maxWaiting = 64;

export interface WatchSource {
  /** A new connection that is introduced already. */
  open(signal: AbortSignal): Promise<Connection>;
  readonly requestTimeoutMs: number;
}

/** Ends only by `signal`, by `return`, or when the watch is refused. Waits for a supervisor that is away. */
export async function* readWatch<Topic extends WatchTopic>(
  source: WatchSource,
  options: WatchOptions<Topic>,
): AsyncGenerator<WatchItem<Topic>, void, undefined> {
  const end = new AbortController();
  const signal = AbortSignal.any([end.signal, ...(options.signal ? [options.signal] : [])]);
  const backOff = new BackOff();
  let connected: boolean | null = null;
  try {
    while (!signal.aborted) {
      let reason = 'the connection ended';
      try {
        const connection = await source.open(signal);
        try {
          const lines = await begin(connection, source, options, signal);
          backOff.reset();
          connected = true;
          yield { topic: 'connection', data: { connected } };
          for await (const { topic, data, dropped = 0 } of lines) {
            yield { topic, data, dropped } as WatchItem<Topic>;
          }
        } finally {
          connection.close();
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isAway(error)) throw error;
        reason = error instanceof Error ? error.message : String(error);
      }
      if (signal.aborted) return;
      if (connected !== false) {
        connected = false;
        yield { topic: 'connection', data: { connected, reason } };
      }
      await backOff.wait(signal);
    }
  } finally {
    end.abort();
  }
}

async function begin<Topic extends WatchTopic>(
  connection: Connection,
  { requestTimeoutMs }: WatchSource,
  { topics, service }: WatchOptions<Topic>,
  signal: AbortSignal,
): Promise<AsyncGenerator<WatchLine>> {
  const waiting: WatchLine[] = [];
  let wake = () => {};
  connection.onWatch = (line) => {
    waiting.push(line);
    if (waiting.length >= maxWaiting) connection.pause();
    wake();
  };
  connection.whenEnded(() => wake());
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort, { once: true });
  const reply = await connection.send(
    { type: 'Watch', topics, ...(service !== undefined && { service }) },
    { timeoutMs: requestTimeoutMs, signal },
  );
  if (!reply.ok) throw refusal(reply);
  return take();

  async function* take(): AsyncGenerator<WatchLine> {
    try {
      while (!signal.aborted) {
        const line = waiting.shift();
        if (line !== undefined) {
          if (waiting.length === 0) connection.resume();
          yield line;
        } else if (!connection.isOpen) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
