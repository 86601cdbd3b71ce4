/**
 * A request outside a session: one of MCP 2026-07-28, where each request stands for itself, one that opens
 * a session, or one to a server that keeps none. It goes where it belongs (affinity.ts), else to the
 * instance with the least to do. When that instance ends before it has answered, the request is made
 * again at another one if that does no harm, else its client is told in a sentence.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Agent } from 'undici';
import { codeOf, messageOf } from '../../../shared/errors.ts';
import type { Instance } from '../pool/instance.ts';
import type { ToolCatalog } from '../pool/tool-catalog.ts';
import { type Affinity, type AffinityKey, taskKey } from './affinity.ts';
import { readAnswer, type TaskFacts } from './answer-facts.ts';
import {
  BrokenOff,
  failCall,
  failureOf,
  giveUp,
  isHarmless,
  isUntouched,
  type OpenCall,
  taskLost,
} from './call-failure.ts';
import type { CallRecord } from './call-record.ts';
import { messageEvent } from './event-stream.ts';
import { type Ending, forward, requestHeaders } from './forward.ts';
import { HangUp } from './hang-up.ts';
import { decodedHeader } from './headers.ts';
import type { NewSession } from './new-session.ts';
import { newsOfEnd } from './news-of-end.ts';
import { fields, maxReadBytes, parseObject, type RpcMessage, readMessage } from './rpc-message.ts';
import type { Tasks } from './session-task.ts';
import { StreamTail } from './stream-tail.ts';

/** What a call needs of the pool. */
export interface InstanceSource {
  /** Whether a request is made again when its instance ends. */
  readonly failover: boolean;
  readonly tools: Pick<ToolCatalog, 'mayRepeat'>;
  readonly tasks: Tasks;
  /** Throws `instance_unavailable` when none came up within `waitMs`. */
  place(waitMs: number, signal: AbortSignal): Promise<Instance>;
}

export interface SessionlessCallOptions {
  readonly pool: InstanceSource;
  readonly agent: Agent;
  readonly affinity: Affinity;
  readonly onActivity: () => void;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: CallRecord;
  readonly body: Buffer | AsyncIterable<Buffer> | null;
  /** It is of MCP 2026-07-28: its headers tell what it is. */
  readonly isStateless: boolean;
  /** The session that it opens. */
  readonly opens: NewSession | null;
}

/** Left out: the id of a session that is no more, or a stateless request's (M1). */
export const staleSession: ReadonlySet<string> = new Set(['mcp-session-id']);

/** How long a request waits for an instance that is just starting, in ms. */
const placementWaitMs = 10_000;

/** Tries of one request; each ends with the end of an instance. */
const maxTries = 3;

/** Opens a conversation: a client that gets no answer takes the server for absent, and tries again. */
const openings: ReadonlySet<string> = new Set(['initialize', 'server/discover']);

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';

/** Answers the request; throws a CodedError for the caller to answer. */
export function callWithoutSession(options: SessionlessCallOptions): Promise<void> {
  return new SessionlessCall(options).run();
}

class SessionlessCall {
  readonly #options: SessionlessCallOptions;
  readonly #hungUp: HangUp;
  readonly #tail = new StreamTail();
  /** Stays open until its client or its instance ends it (MCP 2026-07-28 subscriptions). */
  readonly #isListening: boolean;
  #message: RpcMessage | null = null;

  constructor(options: SessionlessCallOptions) {
    this.#options = options;
    const { request, response, record, isStateless } = options;
    this.#hungUp = new HangUp(response);
    const { 'mcp-method': method, 'mcp-name': name } = request.headers;
    if (isStateless) {
      record.rpcMethod = typeof method === 'string' ? method : null;
      if (method === 'tools/call' && typeof name === 'string') record.tool = decodedHeader(name);
    } else {
      const message = this.#said();
      if ('method' in message) record.rpcMethod = message.method;
      if (message.kind === 'request') record.tool = message.tool;
    }
    this.#isListening = isStateless && method === 'subscriptions/listen';
    if (this.#isListening) record.isStream = true;
  }

  async run(): Promise<void> {
    const { response } = this.#options;
    try {
      await this.#tryUntilAnswered();
    } catch (error) {
      // Once the head is out, what went wrong can only be told within the stream.
      if (this.#hungUp.isOver || !response.headersSent) throw error;
      failCall(this.#openCall, messageOf(error), { code: codeOf(error) });
    }
  }

  async #tryUntilAnswered(): Promise<void> {
    const { response, record, isStateless } = this.#options;
    const task = this.#aboutTask();
    for (let tries = 1; ; tries += 1) {
      const least = await this.#leastLoaded();
      const instance = isStateless ? this.#preferred(least) : least;
      const { leaving } = instance;
      record.instance = instance.name;
      if (task !== null && (await this.#isLost(task, instance))) {
        failCall(this.#openCall, taskLost(task), { code: 'task_lost', retryable: false });
        return;
      }
      const failure = await this.#tryAt(instance);
      if (failure === null || this.#hungUp.isOver) return;
      if (failure instanceof BrokenOff && this.#isListening) {
        this.#endListening();
        return;
      }
      if (failure instanceof BrokenOff && this.#isAnswered()) {
        response.end();
        return;
      }
      if (instance.isUp) await newsOfEnd(leaving, this.#hungUp.signal);
      if (this.#hungUp.isOver) return;
      const mayRepeat = await this.#mayRepeat(failure);
      if (!mayRepeat || tries >= maxTries) {
        this.#giveUp(failure, mayRepeat || isUntouched(failure));
        return;
      }
      record.repeats += 1;
    }
  }

  #leastLoaded(): Promise<Instance> {
    return this.#options.pool.place(placementWaitMs, this.#hungUp.signal);
  }

  /** Where the request belongs. */
  #preferred(least: Instance): Instance {
    const { affinity, request, record } = this.#options;
    const key = this.#listensTo() ?? affinity.keyOf(request.headers, record.principal);
    return key === null ? least : affinity.choose(key, least);
  }

  /** The task that the request is about; null for any other. */
  #aboutTask(): string | null {
    const { request, isStateless } = this.#options;
    const { 'mcp-method': method, 'mcp-name': name } = request.headers;
    const isTask = isStateless && typeof method === 'string' && method.startsWith('tasks/');
    return isTask && typeof name === 'string' ? decodedHeader(name) : null;
  }

  /** True when the task is gone with the instance that had it. */
  async #isLost(taskId: string, instance: Instance): Promise<boolean> {
    const { pool, request, body } = this.#options;
    const headers = requestHeaders(request, true, { omit: staleSession });
    const asker = {
      origin: instance.origin,
      headers: [
        ...headersFor('tasks/get', headers),
        'mcp-name',
        String(request.headers['mcp-name']),
      ],
      upstreamId: null,
      meta: Buffer.isBuffer(body) ? metaOf(body) : undefined,
    };
    return await pool.tasks.isLost({ sessionId: null, taskId }, instance, asker);
  }

  /** The task that a subscription is about; of several the first, because it can be at one instance only. */
  #listensTo(): AffinityKey | null {
    const { body } = this.#options;
    if (!this.#isListening || !Buffer.isBuffer(body)) return null;
    const params = fields(parseObject(body.toString('utf8'))?.['params']);
    const { taskIds } = fields(params['notifications']);
    const first: unknown = Array.isArray(taskIds) ? taskIds[0] : undefined;
    return typeof first === 'string' ? taskKey(first) : null;
  }

  /** Null when the request is answered, else what went wrong. */
  async #tryAt(instance: Instance): Promise<Error | null> {
    const { request, opens, record, onActivity } = this.#options;
    // A stream is not work: it must not make an instance look busy.
    const isWork = request.method !== 'GET' && !this.#isListening;
    const settle = opens?.begin(instance);
    if (isWork) instance.inFlight += 1;
    onActivity();
    try {
      const ending = await this.#exchange(instance, settle);
      if (ending === 'broken') return new BrokenOff('the answer broke off');
      const { isError, task } = readAnswer(this.#tail);
      record.isError = isError;
      this.#learn(task, instance);
      return null;
    } catch (error) {
      return failureOf(error);
    } finally {
      settle?.();
      if (isWork) instance.inFlight -= 1;
      onActivity();
    }
  }

  #exchange(instance: Instance, settle: (() => void) | undefined): Promise<Ending> {
    const { agent, request, response, record, body, opens, isStateless } = this.#options;
    const { origin } = instance;
    if (origin === null) throw new Error(`${instance.name} has no port yet`);
    const isPost = request.method === 'POST';
    return forward({
      agent,
      origin,
      request,
      response,
      hungUp: this.#hungUp,
      body,
      requestId: record.requestId,
      omit: staleSession,
      keepStream: isPost,
      publicId: opens?.publicId,
      left: this.#isListening ? instance.leaving : undefined,
      onHead: (status, header) => {
        if (isPost && status === 200) instance.calls += 1;
        settle?.();
        opens?.onHead(instance, status, header('mcp-session-id'));
      },
      onData: (part) => {
        record.bytesOut += part.length;
        if (!isPost || this.#isListening) return;
        this.#tail.add(part);
        // A client may ask for its task before the stream that told of it has ended.
        if (isStateless && part.includes('"taskId"')) {
          this.#learn(readAnswer(this.#tail).task, instance);
        }
      },
    });
  }

  #learn(task: TaskFacts | null, instance: Instance): void {
    const { pool, affinity, isStateless } = this.#options;
    if (task === null || !isStateless) return;
    affinity.bind(taskKey(task.taskId), instance);
    pool.tasks.note({ sessionId: null, taskId: task.taskId }, instance, task.isOpen);
  }

  async #mayRepeat(failure: Error): Promise<boolean> {
    const { pool, request, response, body } = this.#options;
    if (!pool.failover || !(body === null || Buffer.isBuffer(body))) return false;
    if (request.method !== 'POST') return isUntouched(failure) || !response.headersSent;
    return await isHarmless(failure, this.#said(), (tool) => this.#isRepeatable(tool));
  }

  /** False also when no instance could be asked. */
  async #isRepeatable(tool: string): Promise<boolean> {
    const { pool, request, body, isStateless } = this.#options;
    const headers = requestHeaders(request, true, { omit: staleSession });
    const meta = isStateless && Buffer.isBuffer(body) ? metaOf(body) : undefined;
    try {
      const { origin } = await this.#leastLoaded();
      const own = isStateless ? headersFor('tools/list', headers) : headers;
      return await pool.tools.mayRepeat(tool, { origin, headers: own, upstreamId: null, meta });
    } catch {
      return false;
    }
  }

  #isAnswered(): boolean {
    const message = this.#said();
    return message.kind === 'request' && this.#tail.hasAnswer(message.id);
  }

  /** The end of its instance is no failure of a subscription: told that it is complete, the client listens again. */
  #endListening(): void {
    const { response } = this.#options;
    const message = this.#said();
    if (message.kind !== 'request') {
      response.end();
      return;
    }
    const { id } = message;
    const result = { resultType: 'complete', _meta: { [subscriptionKey]: id } };
    response.end(messageEvent(JSON.stringify({ jsonrpc: '2.0', id, result })));
  }

  /** Tells the client what became of its request. */
  #giveUp(failure: Error, retryable: boolean): void {
    const message = this.#said();
    const isCall = message.kind === 'request' && !openings.has(message.method);
    giveUp(this.#openCall, failure, { retryable, isCall });
  }

  get #openCall(): OpenCall {
    const { response, record } = this.#options;
    return { message: this.#said(), response, record };
  }

  /** What the body says; read only where that matters. */
  #said(): RpcMessage {
    const { body } = this.#options;
    const isReadable = Buffer.isBuffer(body) && body.length <= maxReadBytes;
    this.#message ??= isReadable ? readMessage(body) : { kind: 'other' };
    return this.#message;
  }
}

function metaOf(body: Buffer): unknown {
  return fields(parseObject(body.toString('utf8'))?.['params'])['_meta'];
}

/** The headers of a request, as they must be for another method: they repeat what the body says (M2). */
function headersFor(method: string, headers: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (/^mcp-(method|name|param-.*)$/i.test(name)) continue;
    kept.push(name, headers[index + 1] ?? '');
  }
  return [...kept, 'mcp-method', method];
}
