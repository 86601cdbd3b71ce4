/**
 * One client of the HTTP+SSE transport: its stream, and the session that is opened for it. Messages go on
 * in the order in which their order matters: nothing passes `initialize` or a notification, while calls
 * run side by side. What comes back, in answers or in the session's own stream, goes into the client's
 * stream; a client that does not read holds back those who send.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { messageEvent } from './event-stream.ts';
import { messageEvents } from './event-text.ts';
import type { InProcessCall } from './in-process-http.ts';
import { rpcCodes } from './json-rpc.ts';
import { type RpcMessage, readMessage } from './rpc-message.ts';

export interface LegacyClientOptions {
  readonly response: ServerResponse;
  /** Where the client shall post. */
  readonly messagesPath: string;
  /** The headers of its GET, to be sent along with the session's stream. */
  readonly headers: readonly string[];
  readonly call: (call: InProcessCall) => Promise<IncomingMessage>;
  readonly keepAliveMs: number;
  readonly principal: string | null;
  readonly logger: Logger;
}

/** Messages of one client that are not answered yet, and their bytes. */
const maxPending = 256;
const maxPendingBytes = 64 * 1024 * 1024;

/** The largest answer in JSON; a larger one is an error to its caller. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Pause before the session's stream is opened again, in ms (`retry` of most servers). */
const reopenMs = 1_000;

/** How long the end of a session may take, in ms. */
const farewellMs = 5_000;

/** An `initialize` result, as far as later requests depend on it. */
const initializedSchema = z.looseObject({
  result: z.looseObject({ protocolVersion: z.string().regex(/^[\x21-\x7e]{1,40}$/) }),
});

const errorSchema = z.looseObject({
  error: z.looseObject({ code: z.number(), message: z.string() }),
});

const answerSchema = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.undefined().optional(),
});

export class LegacyClient {
  /** What its messages are addressed with. */
  readonly id = randomUUID();
  readonly #options: LegacyClientOptions;
  readonly #ended = new AbortController();
  #sessionId: string | null = null;
  #version: string | null = null;
  /** Done when all is taken that nothing may overtake. */
  #turn: Promise<void> = Promise.resolve();
  #pending = 0;
  #pendingBytes = 0;
  #listens = false;

  /** Begins the stream. */
  constructor(options: LegacyClientOptions) {
    this.#options = options;
    const { response, messagesPath, keepAliveMs } = options;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    response.write(`event: endpoint\ndata: ${messagesPath}?sessionId=${this.id}\n\n`);
    const keepAlive = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': keep-alive\n\n');
    }, keepAliveMs);
    response.once('close', () => {
      clearInterval(keepAlive);
      this.#ended.abort();
      void this.#endSession();
    });
  }

  get principal(): string | null {
    return this.#options.principal;
  }

  /** Ends the stream, and with it the session. */
  end(): void {
    this.#options.response.end();
  }

  /** Takes a message on its way; throws `bad_json`, or `overloaded` when too much is on its way already. */
  take(body: Buffer, headers: readonly string[]): void {
    checkJson(body);
    if (this.#pending >= maxPending || this.#pendingBytes + body.length > maxPendingBytes) {
      throw new CodedError('overloaded', 'Too many messages of this client are not answered yet.');
    }
    this.#pending += 1;
    this.#pendingBytes += body.length;
    const message = readMessage(body);
    const done = this.#turn
      .then(() => this.#exchange(message, body, headers))
      .finally(() => {
        this.#pending -= 1;
        this.#pendingBytes -= body.length;
      });
    const mayBeOvertaken = message.kind === 'request' && message.method !== 'initialize';
    if (!mayBeOvertaken) this.#turn = done;
  }

  /** Never rejects. */
  async #exchange(message: RpcMessage, body: Buffer, headers: readonly string[]): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const isInitialize = message.kind === 'request' && message.method === 'initialize';
    try {
      const answer = await this.#options.call({
        method: 'POST',
        path: '/mcp',
        headers: [
          ...this.#sessionHeaders(headers, isInitialize),
          'Content-Type',
          'application/json',
          'Accept',
          'application/json, text/event-stream',
        ],
        body,
        // An opening that nobody waits for any more must be known, so that it can be closed.
        signal: isInitialize ? null : this.#ended.signal,
      });
      if (isInitialize) this.#noteSession(answer);
      const isAnswered = await this.#passOn(message, answer, isInitialize);
      if (message.kind === 'request' && !isAnswered) {
        throw new Error('its answer ended early');
      }
      const isReady = message.kind === 'notification' && message.method === rpcInitialized;
      if (isReady) void this.#listen();
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.#options.logger.debug({ err: error }, 'an exchange for an HTTP+SSE client failed');
      await this.#refuse(message, `The request failed: ${messageOf(error)}.`);
    }
  }

  #sessionHeaders(headers: readonly string[], isInitialize: boolean): readonly string[] {
    if (isInitialize) return headers;
    return [
      ...headers,
      ...(this.#sessionId === null ? [] : ['Mcp-Session-Id', this.#sessionId]),
      ...(this.#version === null ? [] : ['MCP-Protocol-Version', this.#version]),
    ];
  }

  #noteSession(answer: IncomingMessage): void {
    const sessionId = answer.headers['mcp-session-id'];
    if (typeof sessionId !== 'string') return;
    const before = this.#sessionId;
    if (before !== null) void this.#endSession();
    this.#sessionId = sessionId;
    if (this.#ended.signal.aborted) void this.#endSession();
  }

  /** Brings an answer into the stream; tells whether the request has been answered by it. */
  async #passOn(
    message: RpcMessage,
    answer: IncomingMessage,
    isInitialize: boolean,
  ): Promise<boolean> {
    const status = answer.statusCode ?? 0;
    const type = answer.headers['content-type'] ?? '';
    let isAnswered = false;
    const deliver = async (json: string) => {
      if (isInitialize) this.#noteVersion(json);
      isAnswered ||= message.kind === 'request' && isAnswerTo(message.id, json);
      await this.#send(json);
    };
    if (status === 200 && type.startsWith('text/event-stream')) {
      for await (const { data } of messageEvents(answer)) {
        if (data !== '') await deliver(data);
      }
      return isAnswered;
    }
    const text = await wholeText(answer);
    if (status < 300) {
      for (const json of messagesIn(text)) await deliver(json);
      return isAnswered;
    }
    await this.#refuse(message, errorIn(text) ?? `The request was answered ${status}.`);
    // The session is over, and this transport knows no other way to say so.
    if (status === 404 && this.#sessionId !== null) this.end();
    return true;
  }

  #noteVersion(json: string): void {
    const parsed = initializedSchema.safeParse(JSON.parse(json));
    if (parsed.success) this.#version = parsed.data.result.protocolVersion;
  }

  /** Answers a request with an error; whoever sent something else waits for nothing. */
  async #refuse(message: RpcMessage, error: string | RpcError): Promise<void> {
    if (message.kind !== 'request') return;
    const told = typeof error === 'string' ? { code: rpcCodes.server, message: error } : error;
    await this.#send(JSON.stringify({ jsonrpc: '2.0', id: message.id, error: told }));
  }

  /** The session's own stream: what the server says unasked. It is opened again whenever it ends. */
  async #listen(): Promise<void> {
    if (this.#listens || this.#sessionId === null) return;
    this.#listens = true;
    const { signal } = this.#ended;
    let cursor: string | null = null;
    while (!signal.aborted) {
      try {
        const answer = await this.#options.call({
          method: 'GET',
          path: '/mcp',
          headers: [
            ...this.#sessionHeaders(this.#options.headers, false),
            'Accept',
            'text/event-stream',
            ...(cursor === null ? [] : ['Last-Event-ID', cursor]),
          ],
          body: null,
          signal,
        });
        if (answer.statusCode === 200) {
          for await (const { data, lastId } of messageEvents(answer)) {
            if (lastId !== null && lastId !== '') cursor = lastId;
            if (data !== '') await this.#send(data);
          }
        } else {
          answer.resume();
          if (answer.statusCode === 404) this.end();
          // 405: the server has nothing to say unasked.
          if (answer.statusCode === 404 || answer.statusCode === 405) return;
        }
      } catch (error) {
        this.#options.logger.debug({ err: error }, 'the stream of an HTTP+SSE client broke');
      }
      await delay(reopenMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Resolves when the client has room for more. */
  async #send(json: string): Promise<void> {
    const { response } = this.#options;
    if (response.writableEnded || response.destroyed) return;
    if (response.write(messageEvent(json))) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        response.off('drain', go);
        response.off('close', go);
        resolve();
      };
      response.on('drain', go);
      response.on('close', go);
    });
  }

  async #endSession(): Promise<void> {
    const sessionId = this.#sessionId;
    if (sessionId === null) return;
    this.#sessionId = null;
    try {
      const answer = await this.#options.call({
        method: 'DELETE',
        path: '/mcp',
        headers: [...this.#options.headers, 'Mcp-Session-Id', sessionId],
        body: null,
        signal: AbortSignal.timeout(farewellMs),
      });
      answer.resume();
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'the end of a session was not confirmed');
    }
  }
}

const rpcInitialized = 'notifications/initialized';

interface RpcError {
  readonly code: number;
  readonly message: string;
}

function checkJson(body: Buffer): void {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    if (typeof json === 'object' && json !== null) return;
  } catch {
    // Told below.
  }
  throw new CodedError('bad_json', 'The body is not a JSON-RPC message.');
}

async function wholeText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The messages of an answer in JSON: one, or several (2025-03-26 knows batches), or none. */
function messagesIn(text: string): readonly string[] {
  if (text.trim() === '') return [];
  const json: unknown = JSON.parse(text);
  return Array.isArray(json) ? json.map((each) => JSON.stringify(each)) : [text];
}

function errorIn(text: string): RpcError | null {
  try {
    return errorSchema.parse(JSON.parse(text)).error;
  } catch {
    return null;
  }
}

function isAnswerTo(id: string | number, json: string): boolean {
  try {
    return answerSchema.safeParse(JSON.parse(json)).data?.id === id;
  } catch {
    return false;
  }
}
