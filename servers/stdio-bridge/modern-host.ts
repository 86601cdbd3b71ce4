/**
 * Serves the stateless era (MCP 2026-07-28): one server process of its own for all requests, started by the
 * first one. It never shares a process with sessions: a server that speaks both eras settles on one
 * for a stdio connection by how that is opened. Whether it speaks this era at all is asked once, with
 * `server/discover`; if not, requests are refused as a server of the legacy era does, so that a client
 * that speaks both opens a session.
 */
import { messageOf } from '../../shared/errors.ts';
import { firstModernVersion } from './era.ts';
import type { Exchange } from './exchange.ts';
import { Flow } from './flow.ts';
import { type Change, withValues } from './json-text.ts';
import type { Launch } from './launch.ts';
import type { HostState } from './legacy-host.ts';
import { type Call, Link } from './link.ts';
import { type Log, labelled } from './log.ts';
import {
  errorText,
  type NotificationPacket,
  objectOr,
  type RequestPacket,
  type ResponsePacket,
  resultText,
  rpcCode,
} from './packet.ts';
import { SharedLine } from './shared-line.ts';

/** How long a server may take to say which era it speaks, in ms; some legacy ones never answer. */
const probeTimeoutMs = 10_000;

/** How long a server that did not answer counts as legacy, in ms: it may only have been slow. */
const silentVerdictMs = 60_000;

const listen = 'subscriptions/listen';
const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';

export interface ModernHostOptions {
  readonly launch: Launch;
  readonly log: Log;
  readonly nextId: () => number;
  readonly now: () => number;
}

export class ModernHost {
  readonly flow = new Flow();
  readonly #options: ModernHostOptions;
  readonly #line: SharedLine;
  /** Until when the server counts as one of the legacy era. */
  #legacyUntilMs = Number.NEGATIVE_INFINITY;
  #lastUseMs: number;
  #dropped = 0;

  constructor(options: ModernHostOptions) {
    this.#options = options;
    this.#lastUseMs = options.now();
    this.#line = new SharedLine({
      start: () => this.#startLink(),
      greet: (link) => this.#probe(link),
    });
  }

  /** False when the server speaks the legacy era only; rejects with a sentence when it cannot run. */
  async isServed(): Promise<boolean> {
    if (this.#isLegacy) return false;
    try {
      await this.#line.ready();
      return true;
    } catch (error) {
      if (this.#isLegacy) return false;
      throw error;
    }
  }

  /** Passes a request on; the client's going away is its cancellation. Call `isServed` before. */
  request(packet: RequestPacket, exchange: Exchange, clientId: string): void {
    this.#lastUseMs = this.#options.now();
    const { link } = this.#line;
    if (link === null) {
      const sentence = 'The MCP server ended before it got the request. Try again.';
      exchange.answer(errorText(clientId, rpcCode.internal, sentence, { retryable: true }), {
        isError: true,
      });
      return;
    }
    link.request(packet, { member: exchange, exchange });
    if (packet.method === listen) exchange.startStream();
    else exchange.streamWhenSlow();
    exchange.onGone(() => {
      this.#lastUseMs = this.#options.now();
      for (const call of link.calls) {
        if (call.member === exchange) link.cancel(call, 'The client closed the response stream.');
      }
    });
  }

  /** Custom notifications; the protocol has none in this direction. False when nobody takes it. */
  tell(packet: NotificationPacket): boolean {
    // The end of the response is the cancellation here; an id of another request must not be hit.
    if (packet.method === 'notifications/cancelled') return true;
    return this.#line.link?.send(packet.text) ?? false;
  }

  /** Ends the server when nothing was asked of it for so long. */
  async rest(idleMs: number): Promise<void> {
    const { link } = this.#line;
    const isIdle = this.#options.now() - this.#lastUseMs >= idleMs;
    if (link && link.calls.length === 0 && isIdle) await this.#line.rest('it was not used');
  }

  /** Subscriptions end gracefully, so that their clients subscribe elsewhere. */
  stop(reason: string): Promise<void> {
    for (const call of this.#line.link?.calls ?? []) {
      if (call.method === listen) endSubscription(call);
    }
    return this.#line.stop(reason);
  }

  state(): HostState {
    return this.#line.state(this.#dropped);
  }

  get #isLegacy(): boolean {
    return this.#options.now() < this.#legacyUntilMs;
  }

  #startLink(): Link {
    const { launch, log, nextId } = this.#options;
    return new Link({
      launch,
      log: labelled(log, 'stateless'),
      flow: this.flow,
      nextId,
      statusOf,
      onRequest: (packet, link) =>
        link.refuse(packet, rpcCode.methodNotFound, 'MCP 2026-07-28 has no requests to clients.'),
      onNotification: (packet, link) => this.#onNotification(packet, link),
      onEnd: (reason, link) => {
        this.#dropped += link.dropped;
        log(`the server for stateless requests is gone: ${reason}`);
      },
    });
  }

  /** MCP 2026-07-28, stdio, backward compatibility: a result or a modern error means a modern server. */
  async #probe(link: Link): Promise<boolean> {
    let isSilent = false;
    const overdue = setTimeout(() => {
      isSilent = true;
      void link.stop('it did not say which era of MCP it speaks');
    }, probeTimeoutMs);
    const answer = await link.ask('server/discover', {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': firstModernVersion,
        'io.modelcontextprotocol/clientInfo': { name: 'stdio-bridge', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    });
    clearTimeout(overdue);
    if (answer && isModernAnswer(answer)) return true;
    if (answer) this.#legacyUntilMs = Number.POSITIVE_INFINITY;
    else if (isSilent) this.#legacyUntilMs = this.#options.now() + silentVerdictMs;
    return false;
  }

  #onNotification(packet: NotificationPacket, link: Link): void {
    const { params, method } = packet;
    const subscription = link.callOf(objectOr(params['_meta'])[subscriptionKey]);
    if (subscription?.method === listen) {
      const path = ['params', '_meta', subscriptionKey];
      const change: Change = { path, value: subscription.clientId };
      subscription.exchange?.send(withValues(packet.text, [change]));
      return;
    }
    const ended =
      method === 'notifications/cancelled' ? link.callOf(params['requestId']) : undefined;
    if (ended?.method === listen) {
      endSubscription(ended);
      link.cancel(ended, 'The server ended it.');
      return;
    }
    // A log line does not say to which request it belongs; with one alone there is no doubt.
    const [only, ...more] = link.calls.filter((call) => call.method !== listen);
    if (method === 'notifications/message' && only && more.length === 0 && wantsLog(only)) {
      only.exchange?.send(packet.text);
    } else link.countDropped();
  }
}

function wantsLog({ params }: Call): boolean {
  return 'io.modelcontextprotocol/logLevel' in objectOr(params['_meta']);
}

function endSubscription({ clientId, exchange }: Call): void {
  const result = `{"resultType":"complete","_meta":{"${subscriptionKey}":${clientId}}}`;
  exchange?.answer(resultText(clientId, result));
}

function isModernAnswer({ errorCode }: ResponsePacket): boolean {
  return errorCode === null || statusOfCode(errorCode) === 400;
}

/** Errors of the protocol itself have an HTTP status of their own (MCP 2026-07-28, Streamable HTTP). */
function statusOf({ errorCode }: ResponsePacket): number {
  return errorCode === null ? 200 : statusOfCode(errorCode);
}

function statusOfCode(code: number): number {
  if (code === rpcCode.methodNotFound) return 404;
  const isProtocolError = code <= rpcCode.headerMismatch && code >= rpcCode.unsupportedVersion;
  return isProtocolError ? 400 : 200;
}

/** What a client is told that tries this era where the server speaks sessions only. */
export function legacyOnly(clientId: string): string {
  const sentence =
    'Bad Request: this MCP server speaks only the versions with sessions; send initialize.';
  return errorText(clientId, rpcCode.refused, sentence);
}

/** What a client is told when the server could not be started. */
export function notServed(clientId: string, error: unknown): string {
  const sentence = `The MCP server could not take the request: ${messageOf(error)}`;
  return errorText(clientId, rpcCode.internal, sentence, { retryable: true });
}
