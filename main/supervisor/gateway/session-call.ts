/**
 * A request within a session. It goes to the instance where the session is at home, and survives that
 * instance: while the session moves the request waits; a request that was under way is made again when
 * that does no harm, else its client is told in a sentence; a GET stream stays open and goes on from the
 * new home. Only where nobody knows the session any more is the answer 404.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from 'undici';
import { CodedError, codeOf, messageOf } from '../../../shared/errors.ts';
import { sendJson } from '../http/respond.ts';
import type { Home, Session, SessionTable } from '../pool/sessions.ts';
import type { ToolCatalog } from '../pool/tool-catalog.ts';
import { BrokenOff, interrupted, isUntouched, SessionLost, unreached } from './call-failure.ts';
import { type Ending, forward, messageEvent, requestHeaders } from './forward.ts';
import { rpcCodes } from './json-rpc.ts';
import { streamBody, wholeBody } from './request-body.ts';
import { maxReadBytes, type RpcMessage, readMessage } from './rpc-message.ts';
import { StreamTail } from './stream-tail.ts';

/** What a call needs of the pool. */
export interface SessionHomes {
  readonly sessions: SessionTable;
  readonly tools: Pick<ToolCatalog, 'mayRepeat'>;
  /** Gives a session a new home, or an end. */
  rehome(session: Session): Promise<void>;
}

export interface SessionCallOptions {
  readonly homes: SessionHomes;
  readonly agent: Agent;
  /** How long a request waits for a session that moves. */
  readonly failoverWaitMs: number;
  readonly onActivity: () => void;
}

/** How long the news of an instance's end may take after its connections broke, in ms. */
const newsMs = 1_000;

/** Tries of one request; each ends with the end of an instance. */
const maxTries = 5;

const withoutCursor: ReadonlySet<string> = new Set(['last-event-id']);

/** Answers one request of a session; throws a CodedError for the caller to answer. */
export async function callInSession(
  options: SessionCallOptions,
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = new SessionCall(options, session, request, response);
  const isStream = request.method === 'GET';
  session.touch();
  if (isStream) session.streams += 1;
  else session.inFlight += 1;
  options.onActivity();
  try {
    await call.run();
  } finally {
    if (isStream) session.streams -= 1;
    else session.inFlight -= 1;
    session.touch();
    options.onActivity();
  }
}

class SessionCall {
  readonly #options: SessionCallOptions;
  readonly #session: Session;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #body: Buffer | AsyncIterable<Buffer> | null = null;
  #message: RpcMessage = { kind: 'other' };
  #status = 0;
  readonly #hungUp = new AbortController();
  readonly #tail = new StreamTail();
  #hadStream = false;

  constructor(
    options: SessionCallOptions,
    session: Session,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.#options = options;
    this.#session = session;
    this.#request = request;
    this.#response = response;
    response.once('close', () => this.#hungUp.abort());
  }

  async run(): Promise<void> {
    try {
      await this.#read();
      await this.#tryUntilAnswered();
    } catch (error) {
      // Once the head is out, what went wrong can only be told within the stream.
      if (this.#hungUp.signal.aborted || !this.#response.headersSent) throw error;
      this.#endStream(messageOf(error), { code: codeOf(error) });
    }
  }

  async #tryUntilAnswered(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      if (this.#request.method === 'DELETE' && this.#session.home === null) {
        // Nothing has to be ended but the session itself.
        this.#endSession();
        return;
      }
      const home = await this.#atHome();
      const failure = await this.#tryAt(home);
      if (failure === null || this.#hungUp.signal.aborted) return;
      if (failure instanceof BrokenOff) {
        if (this.#isAnswered()) {
          this.#response.end();
          return;
        }
        // A stream lives for days, over any number of instances; only tries in a row are counted.
        if (this.#request.method === 'GET') tries = 1;
      }
      await this.#untilLeft(home, failure);
      const mayRepeat = await this.#mayRepeat(failure);
      if (!mayRepeat || tries >= maxTries) {
        this.#giveUp(failure, mayRepeat || isUntouched(failure));
        return;
      }
    }
  }

  /** The session's home; a stream that is open stays so, however long that takes. */
  async #atHome(): Promise<Home> {
    const isOpenStream = this.#request.method === 'GET' && this.#response.headersSent;
    const waitMs = isOpenStream ? Number.POSITIVE_INFINITY : this.#options.failoverWaitMs;
    return await this.#session.atHome(waitMs, this.#hungUp.signal);
  }

  #isAnswered(): boolean {
    return this.#message.kind === 'request' && this.#tail.hasAnswer(this.#message.id);
  }

  async #read(): Promise<void> {
    const onBytes = (bytes: number) => {
      this.#session.bytesIn += bytes;
    };
    const length = Number(this.#request.headers['content-length'] ?? Number.NaN);
    if (!(length <= maxReadBytes)) {
      this.#body = streamBody(this.#request, onBytes);
      return;
    }
    const body = await wholeBody(this.#request);
    onBytes(body.length);
    this.#body = body;
    this.#message = readMessage(body);
  }

  /** Null when the request is answered, else what went wrong. */
  async #tryAt(home: Home): Promise<Error | null> {
    try {
      const ending = await this.#exchange(home);
      if (ending === 'broken') return new BrokenOff('the answer broke off');
      this.#remember();
      return null;
    } catch (error) {
      if (error instanceof CodedError) throw error;
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  async #exchange(home: Home): Promise<Ending> {
    const { instance, upstreamId } = home;
    const { origin } = instance;
    if (origin === null) throw new Error(`${instance.name} has no port yet`);
    const { method } = this.#request;
    const isStream = method === 'GET';
    if (!isStream) instance.inFlight += 1;
    try {
      return await forward({
        agent: this.#options.agent,
        origin,
        request: this.#request,
        response: this.#response,
        body: this.#body,
        upstreamId,
        // Servers repeat their own id in each answer, and clients take over the last one they saw.
        publicId: this.#session.opening.sessionId,
        keepStream: true,
        // The cursor of a stream means something only to the instance that gave it.
        ...(isStream && {
          left: this.#session.left,
          ...(this.#hadStream && { omit: withoutCursor }),
        }),
        onHead: (status) => this.#onHead(home, status),
        onData: (part) => {
          this.#session.bytesOut += part.length;
          this.#session.touch();
          if (!isStream) this.#tail.add(part);
        },
      });
    } finally {
      this.#hadStream = isStream;
      if (!isStream) instance.inFlight -= 1;
    }
  }

  #onHead(home: Home, status: number): void {
    const { method } = this.#request;
    if (status === 404 && method !== 'DELETE')
      throw new SessionLost('the session is not known there');
    this.#status = status;
    // 202 acknowledges a notification or a client's answer; 200 answers a call.
    if (method === 'POST' && status === 200) {
      this.#session.calls += 1;
      home.instance.calls += 1;
    }
    const hasEnded = method === 'DELETE' && ((status >= 200 && status < 300) || status === 404);
    if (hasEnded) this.#options.homes.sessions.close(this.#session.opening.sessionId);
  }

  /** Keeps what another instance must be told, should it take the session over. */
  #remember(): void {
    const message = this.#message;
    if (this.#status >= 300 || !Buffer.isBuffer(this.#body)) return;
    const { toRepeat } = this.#session;
    const said = {
      body: this.#body,
      headers: requestHeaders(this.#request, true, { upstreamId: null }),
    };
    if (message.kind === 'notification' && message.method === 'notifications/initialized') {
      toRepeat.set(message.method, said);
    }
    if (message.kind !== 'request') return;
    if (message.method === 'logging/setLevel') toRepeat.set(message.method, said);
    if (message.method === 'resources/subscribe') toRepeat.set(`subscribe ${message.uri}`, said);
    if (message.method === 'resources/unsubscribe') toRepeat.delete(`subscribe ${message.uri}`);
  }

  /** Waits until the session is on its way elsewhere: broken connections arrive before the news of an end. */
  async #untilLeft(home: Home, failure: Error): Promise<void> {
    if (failure instanceof SessionLost) {
      if (this.#session.home === home) await this.#options.homes.rehome(this.#session);
      return;
    }
    if (this.#session.home !== home) return;
    const { left } = this.#session;
    const hasLeft = new Promise<void>((resolve) => {
      left.addEventListener('abort', () => resolve(), { once: true });
    });
    if (left.aborted) return;
    await Promise.race([
      hasLeft,
      delay(newsMs, undefined, { ref: false, signal: this.#hungUp.signal }),
    ]);
  }

  async #mayRepeat(failure: Error): Promise<boolean> {
    const { method } = this.#request;
    if (method === 'GET') return true;
    const hasBody = this.#body === null || Buffer.isBuffer(this.#body);
    if (!hasBody) return false;
    if (isUntouched(failure) || this.#message.kind === 'notification') return true;
    if (this.#message.kind !== 'request') return false;
    if (this.#message.method !== 'tools/call') return true;
    return this.#message.tool !== null && (await this.#isRepeatable(this.#message.tool));
  }

  /** False also when no instance could be asked in time. */
  async #isRepeatable(tool: string): Promise<boolean> {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      let home: Home;
      try {
        home = await this.#atHome();
      } catch (error) {
        if (codeOf(error) === 'instance_unavailable') return false;
        throw error;
      }
      try {
        return await this.#options.homes.tools.mayRepeat(tool, this.#session, home);
      } catch (error) {
        await this.#untilLeft(home, error as Error);
      }
    }
    return false;
  }

  /** Tells the client what became of its request. */
  #giveUp(failure: Error, retryable: boolean): void {
    const message = this.#message;
    const response = this.#response;
    const { method } = this.#request;
    if (method === 'DELETE') {
      this.#endSession();
      return;
    }
    if (message.kind === 'answer' && !isUntouched(failure)) {
      // The request that it answers died with the instance.
      response.writeHead(202).end();
      return;
    }
    const sentence = retryable ? unreached(failure) : interrupted(message, failure);
    // Without an id it is an error of the transport; the caller knows how to tell that.
    if (message.kind !== 'request' && !response.headersSent) {
      throw new CodedError('instance_unavailable', sentence);
    }
    this.#endStream(sentence, { code: 'call_interrupted', retryable });
  }

  /** Answers the request with an error; in its stream, where that has begun. */
  #endStream(
    sentence: string,
    data: { readonly code: string; readonly retryable?: boolean },
  ): void {
    const response = this.#response;
    const message = this.#message;
    if (message.kind !== 'request') {
      response.end();
      return;
    }
    const code = data.code === 'session_not_found' ? rpcCodes.session : rpcCodes.server;
    const answer = { jsonrpc: '2.0', id: message.id, error: { code, message: sentence, data } };
    // 200: the exchange worked, the call did not. Clients take other statuses for a broken transport.
    if (!response.headersSent) sendJson(response, 200, answer);
    else response.end(messageEvent(JSON.stringify(answer)));
  }

  #endSession(): void {
    this.#options.homes.sessions.close(this.#session.opening.sessionId);
    this.#response.writeHead(202).end();
  }
}
