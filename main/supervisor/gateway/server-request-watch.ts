/**
 * Sees the requests of a server in the stream that carries them to its client. A stream may run for days
 * and carry anything, so each part is only searched for the one word that such a request must have;
 * text is made of nothing else.
 */
import { endOfEvents, eventData, messageEvent } from './event-stream.ts';
import { isId, parseObject, type RpcId } from './rpc-message.ts';

/** An event that is larger than this is passed on unread. Questions to a client are short. */
const maxEventBytes = 256 * 1024;

/** Requests of one stream that are remembered. */
const maxSeen = 100;

const nothing = Buffer.alloc(0);

export class ServerRequestWatch {
  readonly #onRequest: (id: RpcId, method: string) => void;
  readonly #seen = new Set<RpcId>();
  /** What has come of an event that is not complete. */
  #rest: Buffer = nothing;
  /** The event is too large: what comes of it is let go, until it ends. */
  #isSkipping = false;

  constructor(onRequest: (id: RpcId, method: string) => void) {
    this.#onRequest = onRequest;
  }

  add(part: Buffer): void {
    const bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    const end = endOfEvents(bytes);
    if (end > 0) {
      this.#isSkipping = false;
      this.#search(bytes.subarray(0, end));
    }
    const rest = bytes.subarray(end);
    if (rest.length > maxEventBytes) this.#isSkipping = true;
    this.#rest = this.#isSkipping ? nothing : rest;
  }

  /** Another exchange goes on with the stream: half an event of the last one is nothing. */
  begin(): void {
    this.#rest = nothing;
    this.#isSkipping = false;
  }

  /** The requests seen since this was asked last. */
  takeSeen(): readonly RpcId[] {
    const seen = [...this.#seen];
    this.#seen.clear();
    return seen;
  }

  #search(events: Buffer): void {
    if (!events.includes('"method"')) return;
    for (const event of events.toString('utf8').split(/\r?\n\r?\n/)) {
      if (!event.includes('"method"') || !event.includes('"id"')) continue;
      const message = parseObject(eventData(event));
      const id = message?.['id'];
      const method = message?.['method'];
      if (typeof method !== 'string' || !isId(id)) continue;
      if (this.#seen.size < maxSeen) this.#seen.add(id);
      this.#onRequest(id, method);
    }
  }
}

/** Tells a client that nobody waits for its answers any more; to be written into its stream. */
export function cancellations(ids: readonly RpcId[]): string {
  const reason = 'The MCP server that asked has ended.';
  const method = 'notifications/cancelled';
  return ids
    .map((requestId) => ({ jsonrpc: '2.0', method, params: { requestId, reason } }))
    .map((message) => messageEvent(JSON.stringify(message)))
    .join('');
}
