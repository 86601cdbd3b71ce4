/**
 * The line to one server process, for one or many members (sessions; in the stateless era, requests).
 * Ids of requests and progress tokens are the bridge's own on this line and the member's again on the
 * way back, so nothing crosses from one member to another even where all of them count from 1
 * (MCP 2026-07-28: ids are per request, not per connection).
 */
import { Asks } from './asks.ts';
import type { Exchange } from './exchange.ts';
import type { Flow } from './flow.ts';
import { type Change, valueAt, withValues } from './json-text.ts';
import type { Launch } from './launch.ts';
import type { Log } from './log.ts';
import {
  errorText,
  type JsonObject,
  type NotificationPacket,
  type Packet,
  type RequestPacket,
  type ResponsePacket,
  rpcCode,
} from './packet.ts';
import { StdioChild } from './stdio-child.ts';

/** A request on its way to the server. */
export interface Call {
  readonly id: number;
  readonly member: object;
  readonly method: string;
  readonly params: JsonObject;
  /** The client's id and progress token, JSON. */
  readonly clientId: string;
  readonly clientToken: string | null;
  /** Null for the bridge's own requests. */
  readonly exchange: Exchange | null;
  /** Before the client gets the answer; null when the server ended instead. */
  readonly onAnswer: ((answer: ResponsePacket | null) => void) | undefined;
}

export interface LinkOptions {
  readonly launch: Launch;
  readonly log: Log;
  readonly flow: Flow;
  /** Counts over all servers that a member has one after the other. */
  readonly nextId: () => number;
  /** HTTP status for an answer; the stateless era has some of its own. */
  readonly statusOf?: (answer: ResponsePacket) => number;
  /** What the server asks, and what it tells outside of the progress of a call. */
  readonly onRequest: (packet: RequestPacket, link: Link) => void;
  readonly onNotification: (packet: NotificationPacket, link: Link) => void;
  readonly onEnd: (reason: string, link: Link) => void;
}

export interface RequestOptions {
  readonly member: object;
  readonly exchange: Exchange | null;
  readonly onAnswer?: (answer: ResponsePacket | null) => void;
}

export class Link {
  readonly asks: Asks<object>;
  readonly #options: LinkOptions;
  readonly #child: StdioChild;
  readonly #calls = new Map<number, Call>();
  #dropped = 0;
  #endReason: string | null = null;

  /** Starts the server. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.asks = new Asks(options.nextId);
    this.#child = new StdioChild({
      launch: options.launch,
      log: options.log,
      onPacket: (packet) => this.#receive(packet),
      onEnd: (reason) => this.#onEnd(reason),
    });
    options.flow.attach(this.#child.output);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isUp(): boolean {
    return this.endReason === null;
  }

  /** Why it ended or is ending; null while it serves. */
  get endReason(): string | null {
    return this.#endReason ?? this.#child.endReason;
  }

  /** Messages that belonged to nobody any more. */
  get dropped(): number {
    return this.#dropped;
  }

  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  callOf(id: unknown): Call | undefined {
    return typeof id === 'number' ? this.#calls.get(id) : undefined;
  }

  /** Passes a client's request on; its exchange gets an error when the server cannot take it. */
  request(packet: RequestPacket, { member, exchange, onAnswer }: RequestOptions): void {
    const id = this.#options.nextId();
    const tokenPath = ['params', '_meta', 'progressToken'];
    const call: Call = {
      id,
      member,
      method: packet.method,
      params: packet.params,
      clientId: valueAt(packet.text, ['id']) ?? 'null',
      clientToken: valueAt(packet.text, tokenPath),
      exchange,
      onAnswer,
    };
    const own = [['id'], tokenPath].map((path): Change => ({ path, value: String(id) }));
    this.#calls.set(id, call);
    if (!this.#child.send(withValues(packet.text, own))) {
      this.#calls.delete(id);
      this.#failCall(call, this.endReason ?? 'it does not read its input.');
    }
  }

  /** The bridge's own request; null when the server ended instead of answering. */
  ask(method: string, params: JsonObject): Promise<ResponsePacket | null> {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 0, method, params });
    return this.repeat({ kind: 'request', method, params, text });
  }

  /** Says a client's request in the bridge's own name; null when the server ended instead. */
  repeat(packet: RequestPacket): Promise<ResponsePacket | null> {
    return new Promise((onAnswer) => {
      this.request(packet, { member: this, exchange: null, onAnswer });
    });
  }

  /** A notification or answer of a member; false when the server cannot take it. */
  tell(packet: NotificationPacket | ResponsePacket, member: object): boolean {
    if (packet.kind === 'response') {
      const answer = this.asks.answer(packet, member);
      return answer === null ? this.#drop() : this.send(answer);
    }
    if (packet.method === 'notifications/cancelled') {
      const clientId = valueAt(packet.text, ['params', 'requestId']);
      const call = this.calls.find((each) => each.member === member && each.clientId === clientId);
      // Answered meanwhile, or never asked: MCP says to ignore it.
      if (!call) return true;
      this.#calls.delete(call.id);
      call.exchange?.skip();
      const change = { path: ['params', 'requestId'], value: String(call.id) };
      return this.send(withValues(packet.text, [change]));
    }
    if (packet.method === 'notifications/progress' && !this.asks.wantsProgress(packet, member)) {
      return this.#drop();
    }
    return this.send(packet.text);
  }

  /** Sends what needs no rewriting. */
  send(text: string): boolean {
    return this.#child.send(text);
  }

  /** Tells the server that nobody wants the answer any more. */
  cancel(call: Call, reason: string): void {
    if (!this.#calls.delete(call.id)) return;
    const params = { requestId: call.id, reason };
    this.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }

  /** Answers a question of the server in nobody's name. */
  refuse(packet: RequestPacket, code: number, sentence: string): void {
    this.send(errorText(valueAt(packet.text, ['id']) ?? 'null', code, sentence));
  }

  /** A member is gone: its calls are cancelled, what it was asked is answered with an error. */
  forget(member: object): void {
    for (const call of this.calls) {
      if (call.member !== member) continue;
      this.cancel(call, 'The session ended.');
      call.exchange?.skip();
    }
    this.dropAsks({ member });
  }

  dropAsks(which: { readonly id: string } | { readonly member: object }): void {
    for (const serverId of this.asks.drop(which)) {
      this.send(errorText(serverId, rpcCode.refused, 'The client has gone and will not answer.'));
    }
  }

  stop(reason: string): Promise<void> {
    return this.#child.stop(reason);
  }

  countDropped(): void {
    this.#dropped += 1;
  }

  #receive(packet: Packet): void {
    if (packet.kind === 'response') this.#onAnswer(packet);
    else if (packet.kind === 'request') this.#options.onRequest(packet, this);
    else if (packet.method === 'notifications/progress') this.#onProgress(packet);
    else this.#options.onNotification(packet, this);
  }

  #onAnswer(packet: ResponsePacket): void {
    const call = this.callOf(packet.id);
    if (!call) {
      this.countDropped();
      return;
    }
    this.#calls.delete(call.id);
    call.onAnswer?.(packet);
    const subscription = ['result', '_meta', 'io.modelcontextprotocol/subscriptionId'];
    const paths = call.method === 'subscriptions/listen' ? [['id'], subscription] : [['id']];
    call.exchange?.answer(
      withValues(
        packet.text,
        paths.map((path) => ({ path, value: call.clientId })),
      ),
      { isError: packet.errorCode !== null, status: this.#options.statusOf?.(packet) ?? 200 },
    );
  }

  #onProgress(packet: NotificationPacket): void {
    const call = this.callOf(packet.params['progressToken']);
    if (!call?.exchange?.isOpen || call.clientToken === null) {
      this.countDropped();
      return;
    }
    const change = { path: ['params', 'progressToken'], value: call.clientToken };
    call.exchange.send(withValues(packet.text, [change]));
  }

  #onEnd(reason: string): void {
    this.#endReason = reason;
    const unanswered = this.calls;
    this.#calls.clear();
    // First who decides what happens next, so that it is decided when the clients hear of it.
    this.#options.onEnd(reason, this);
    for (const call of unanswered) this.#failCall(call, reason);
  }

  #failCall(call: Call, reason: string): void {
    call.onAnswer?.(null);
    // The end of a subscription without an answer tells its client to subscribe again (MCP 2026-07-28).
    if (call.method === 'subscriptions/listen') call.exchange?.abandon();
    const sentence = `The MCP server did not answer ${call.method}: ${reason}`;
    const text = errorText(call.clientId, rpcCode.internal, sentence, { retryable: false });
    call.exchange?.answer(text, { isError: true });
  }

  #drop(): true {
    this.countDropped();
    return true;
  }
}
