/**
 * A request within a session. It goes to the instance where the session is at home, and survives that
 * instance: while the session moves the request waits; a request that was under way is made again when
 * that does no harm, else its client is told in a sentence; a GET stream stays open and goes on from the
 * new home. Only where nobody knows the session any more is the answer 404.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Agent } from 'undici';
import { codeOf, messageOf } from '../../../shared/errors.ts';
import type { Home, Session, SessionTable } from '../pool/sessions.ts';
import type { ToolCatalog } from '../pool/tool-catalog.ts';
import { readAnswer } from './answer-facts.ts';
import {
  BrokenOff,
  failCall,
  failureOf,
  giveUp,
  isHarmless,
  isUntouched,
  type OpenCall,
  SessionLost,
  taskLost,
} from './call-failure.ts';
import type { CallRecord } from './call-record.ts';
import { isEventStream } from './event-stream.ts';
import { type Ending, forward } from './forward.ts';
import { HangUp } from './hang-up.ts';
import { newsOfEnd } from './news-of-end.ts';
import { bodyUpTo } from './request-body.ts';
import { rootsSieve } from './roots-sieve.ts';
import { maxReadBytes, type RpcMessage, readMessage } from './rpc-message.ts';
import { cancellations, ServerRequestWatch } from './server-request-watch.ts';
import { noteRoots, remember } from './session-memory.ts';
import { isAboutTask, isTaskLost, noteTask, type Tasks } from './session-task.ts';
import { StreamTail } from './stream-tail.ts';

/** What a call needs of the pool. */
export interface SessionHomes {
  readonly sessions: SessionTable;
  readonly tools: Pick<ToolCatalog, 'mayRepeat'>;
  readonly tasks: Tasks;
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

/** Tries of one request; each ends with the end of an instance. */
const maxTries = 5;

const withoutCursor: ReadonlySet<string> = new Set(['last-event-id']);

/** Answers one request of a session; throws a CodedError for the caller to answer. */
export function callInSession(
  options: SessionCallOptions,
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
  record: CallRecord,
): Promise<void> {
  return new SessionCall(options, session, request, response, record).run();
}

class SessionCall {
  readonly #options: SessionCallOptions;
  readonly #session: Session;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #record: CallRecord;
  #body: Buffer | AsyncIterable<Buffer> | null = null;
  #message: RpcMessage = { kind: 'other' };
  #status = 0;
  /** The stream of the answer, if it is one: a server may ask its client in it. */
  #watch: ServerRequestWatch | null = null;
  readonly #hungUp: HangUp;
  readonly #tail = new StreamTail();
  #hadStream = false;

  constructor(
    options: SessionCallOptions,
    session: Session,
    request: IncomingMessage,
    response: ServerResponse,
    record: CallRecord,
  ) {
    this.#options = options;
    this.#session = session;
    this.#request = request;
    this.#response = response;
    this.#record = record;
    record.session = session;
    this.#hungUp = new HangUp(response);
  }

  /** Each `await` on the way of a plain call costs as much as the rest of it: there are few. */
  async run(): Promise<void> {
    this.#begin();
    try {
      this.#body = await bodyUpTo(this.#request, maxReadBytes, (bytes) => {
        this.#session.bytesIn += bytes;
        this.#record.bytesIn += bytes;
      });
      this.#read(this.#body);
      if (this.#isForNobody()) this.#acknowledge();
      else await this.#tryUntilAnswered();
    } catch (error) {
      // Once the head is out, what went wrong can only be told within the stream.
      if (this.#hungUp.isOver || !this.#response.headersSent) throw error;
      failCall(this.#openCall, messageOf(error), { code: codeOf(error) });
    } finally {
      this.#finish();
    }
  }

  #begin(): void {
    const session = this.#session;
    session.touch();
    if (this.#request.method === 'GET') session.streams += 1;
    else session.inFlight += 1;
    this.#options.onActivity();
  }

  #finish(): void {
    const session = this.#session;
    if (this.#request.method === 'GET') session.streams -= 1;
    else session.inFlight -= 1;
    session.touch();
    this.#options.onActivity();
  }

  async #tryUntilAnswered(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      if (this.#request.method === 'DELETE' && this.#session.home === null) {
        // Nothing has to be ended but the session itself.
        this.#endSession();
        return;
      }
      const known = this.#session.hasEnded ? null : this.#session.home;
      const home = known ?? (await this.#atHome());
      if (isAboutTask(this.#message)) {
        const { tasks } = this.#options.homes;
        const { taskId } = this.#message;
        if (await isTaskLost(tasks, this.#session, this.#request, taskId, home)) {
          failCall(this.#openCall, taskLost(taskId), { code: 'task_lost', retryable: false });
          return;
        }
      }
      const failure = await this.#tryAt(home);
      if (failure === null || this.#hungUp.isOver) return;
      if (failure instanceof BrokenOff) {
        if (this.#isAnswered()) {
          this.#response.end();
          return;
        }
        // A stream lives for days, over any number of instances; only tries in a row are counted.
        if (this.#request.method === 'GET') tries = 1;
      }
      await this.#untilLeft(home, failure);
      if (this.#hungUp.isOver) return;
      this.#cancelQuestions();
      const mayRepeat = await this.#mayRepeat(failure);
      if (!mayRepeat || tries >= maxTries) {
        this.#giveUp(failure, mayRepeat || isUntouched(failure));
        return;
      }
      if (this.#request.method === 'POST') this.#record.repeats += 1;
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

  #read(body: Buffer | AsyncIterable<Buffer> | null): void {
    if (!Buffer.isBuffer(body)) return;
    const record = this.#record;
    const message = readMessage(body);
    this.#message = message;
    if ('method' in message) record.rpcMethod = message.method;
    if (message.kind === 'request') record.tool = message.tool;
    noteRoots(this.#session, this.#request, message, body);
  }

  /** An answer to a question of an instance that is gone: the new one may ask something else by the same id. */
  #isForNobody(): boolean {
    const message = this.#message;
    return (
      message.kind === 'answer' &&
      message.id !== null &&
      !this.#session.serverRequests.answered(message.id)
    );
  }

  /** Null when the request is answered, else what went wrong. */
  async #tryAt(home: Home): Promise<Error | null> {
    const { instance } = home;
    const isStream = this.#request.method === 'GET';
    this.#record.instance = instance.name;
    this.#watch?.begin();
    if (!isStream) instance.inFlight += 1;
    try {
      if ((await this.#exchange(home, isStream)) === 'broken') {
        return new BrokenOff('the answer broke off');
      }
      this.#note(home);
      return null;
    } catch (error) {
      return failureOf(error);
    } finally {
      this.#hadStream = isStream;
      if (!isStream) instance.inFlight -= 1;
    }
  }

  #exchange(home: Home, isStream: boolean): Promise<Ending> {
    const { instance, upstreamId } = home;
    const { origin } = instance;
    if (origin === null) throw new Error(`${instance.name} has no port yet`);
    return forward({
      agent: this.#options.agent,
      origin,
      request: this.#request,
      response: this.#response,
      hungUp: this.#hungUp,
      body: this.#body,
      upstreamId,
      requestId: this.#record.requestId,
      // Servers repeat their own id in each answer, and clients take over the last one they saw.
      publicId: this.#session.opening.sessionId,
      keepStream: true,
      sieve: rootsSieve(this.#session, home, this.#options.agent),
      // The cursor of a stream means something only to the instance that gave it.
      omit: isStream && this.#hadStream ? withoutCursor : undefined,
      left: isStream ? this.#session.left : undefined,
      onHead: (status, header) => {
        this.#onHead(home, status);
        if (isEventStream(header('content-type'))) this.#watchQuestions();
      },
      onData: (part) => {
        this.#session.bytesOut += part.length;
        this.#record.bytesOut += part.length;
        // An answer's end says as much, a moment later; a stream may have none.
        if (this.#watch !== null) this.#session.touch();
        this.#watch?.add(part);
        if (!isStream) this.#tail.add(part);
      },
    });
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
      if (this.#record.tool !== null) this.#session.facts.countTool(this.#record.tool);
    }
    const hasEnded = method === 'DELETE' && ((status >= 200 && status < 300) || status === 404);
    if (hasEnded) this.#options.homes.sessions.close(this.#session.opening.sessionId);
  }

  /** The answer is complete: keeps what it says, and what another instance must be told some day. */
  #note(home: Home): void {
    if (this.#request.method !== 'POST') return;
    const { isError, task } = readAnswer(this.#tail);
    noteTask(this.#options.homes.tasks, this.#session, this.#message, task, home);
    if (isError) {
      this.#record.isError = true;
      this.#session.facts.errors += 1;
    }
    if (this.#status < 300 && Buffer.isBuffer(this.#body)) {
      remember(this.#session, this.#request, this.#message, this.#body);
    }
  }

  #watchQuestions(): void {
    const { serverRequests, roots } = this.#session;
    this.#watch ??= new ServerRequestWatch((id, method) => {
      serverRequests.asked(id);
      if (method === 'roots/list') roots.asked(id);
    });
  }

  /** Tells the client which questions in this stream nobody waits for any more. */
  #cancelQuestions(): void {
    const { serverRequests } = this.#session;
    const seen = this.#watch?.takeSeen() ?? [];
    const abandoned = seen.filter((id) => serverRequests.isAbandoned(id));
    if (abandoned.length > 0) this.#response.write(cancellations(abandoned));
  }

  /** Waits until the session is on its way elsewhere. */
  async #untilLeft(home: Home, failure: Error): Promise<void> {
    if (failure instanceof SessionLost) {
      if (this.#session.home === home) await this.#options.homes.rehome(this.#session);
      return;
    }
    if (this.#session.home === home) await newsOfEnd(this.#session.left, this.#hungUp.signal);
  }

  async #mayRepeat(failure: Error): Promise<boolean> {
    const { method } = this.#request;
    if (method === 'GET') return true;
    const hasBody = this.#body === null || Buffer.isBuffer(this.#body);
    // What an answer answers is gone with the instance that asked.
    if (!hasBody || this.#message.kind === 'answer') return false;
    return await isHarmless(failure, this.#message, (tool) => this.#isRepeatable(tool));
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
        const { headers } = this.#session.opening;
        const { origin } = home.instance;
        const { tools } = this.#options.homes;
        return await tools.mayRepeat(tool, { origin, headers, upstreamId: home.upstreamId });
      } catch (error) {
        await this.#untilLeft(home, error as Error);
      }
    }
    return false;
  }

  /** Tells the client what became of its request. */
  #giveUp(failure: Error, retryable: boolean): void {
    const { kind } = this.#message;
    if (this.#request.method === 'DELETE') this.#endSession();
    else if (kind === 'answer') this.#acknowledge();
    else giveUp(this.#openCall, failure, { retryable, isCall: kind === 'request' });
  }

  get #openCall(): OpenCall {
    return { message: this.#message, response: this.#response, record: this.#record };
  }

  #endSession(): void {
    this.#options.homes.sessions.close(this.#session.opening.sessionId);
    this.#acknowledge();
  }

  #acknowledge(): void {
    this.#response.writeHead(202, { 'X-Request-Id': this.#record.requestId }).end();
  }
}
