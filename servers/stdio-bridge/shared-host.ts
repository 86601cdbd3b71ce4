/**
 * One server process for all sessions. The first session's `initialize` reaches it; later ones get the same
 * answer. What a session asks is answered to that session alone; what the server says unasked goes to
 * those whom it concerns, and where that cannot be known, to nobody. The state that the server keeps in
 * itself is shared: that is what the user chose.
 */
import { messageOf } from '../../shared/errors.ts';
import { askSession } from './ask-session.ts';
import type { Exchange } from './exchange.ts';
import { Flow } from './flow.ts';
import { valueAt } from './json-text.ts';
import type { Launch } from './launch.ts';
import type { HostState, LegacyHost } from './legacy-host.ts';
import { Link } from './link.ts';
import { type Log, labelled } from './log.ts';
import { LogLevels } from './log-levels.ts';
import {
  errorText,
  type NotificationPacket,
  type RequestPacket,
  type ResponsePacket,
  resultText,
  rpcCode,
} from './packet.ts';
import { Session } from './session.ts';
import { SharedLine } from './shared-line.ts';
import { Subscriptions } from './subscriptions.ts';

export interface SharedHostOptions {
  readonly launch: Launch;
  readonly log: Log;
  readonly nextId: () => number;
}

const initialized = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

/** Which ability of the client a question needs; without it the client could only refuse. */
const abilities: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
};

export class SharedHost implements LegacyHost {
  readonly maxSessions = 10_000;
  readonly #options: SharedHostOptions;
  readonly #flow = new Flow();
  readonly #line: SharedLine;
  readonly #sessions = new Set<Session>();
  readonly #subscriptions = new Subscriptions<Session>();
  readonly #levels = new LogLevels<Session>();
  /** What the first client said, and what the server answered to it. */
  #opening: RequestPacket | null = null;
  #answer: ResponsePacket | null = null;
  /** An error that was the answer instead. */
  #refusal: ResponsePacket | null = null;
  #isInitialized = false;
  #dropped = 0;

  constructor(options: SharedHostOptions) {
    this.#options = options;
    this.#line = new SharedLine({
      start: () => this.#startLink(),
      greet: (link) => this.#greet(link),
    });
  }

  flow(): Flow {
    return this.#flow;
  }

  open(packet: RequestPacket, session: Session, exchange: Exchange, refused: () => void): void {
    this.#sessions.add(session);
    const clientId = valueAt(packet.text, ['id']) ?? 'null';
    const refuse = (text: string) => {
      this.#sessions.delete(session);
      refused();
      exchange.answer(text, { isError: true });
    };
    this.#handshake(packet).then(
      (answer) => {
        const result = valueAt(answer.text, ['result']);
        if (result === null) {
          refuse(errorAnswer(answer, clientId));
          return;
        }
        session.opened(answer.result['protocolVersion']);
        exchange.answer(resultText(clientId, result));
      },
      (error: unknown) => refuse(failure(clientId, 'initialize', error)),
    );
  }

  request(packet: RequestPacket, session: Session, exchange: Exchange): void {
    this.#line.ready().then(
      (link) => {
        if (this.#sessions.has(session)) this.#pass(packet, session, exchange, link);
        else exchange.skip();
      },
      (error: unknown) => {
        const clientId = valueAt(packet.text, ['id']) ?? 'null';
        exchange.answer(failure(clientId, packet.method, error), { isError: true });
      },
    );
  }

  tell(packet: NotificationPacket | ResponsePacket, session: Session): boolean {
    const { link } = this.#line;
    if (packet.kind === 'notification') {
      // The roots of one client are not those of the others.
      if (packet.method === 'notifications/roots/list_changed') return true;
      if (packet.method === 'notifications/initialized') {
        const isFirst = !this.#isInitialized;
        this.#isInitialized = true;
        return isFirst ? (link?.send(initialized) ?? true) : true;
      }
    }
    // Without a server there is nothing that a notification or an answer could concern.
    return link?.tell(packet, session) ?? true;
  }

  close(session: Session): Promise<void> {
    this.#sessions.delete(session);
    this.#levels.forget(session);
    const { link } = this.#line;
    const orphaned = this.#subscriptions.removeAll(session);
    link?.forget(session);
    for (const uri of orphaned) void link?.ask('resources/unsubscribe', { uri });
    return Promise.resolve();
  }

  /** Nobody has needed the server for long. */
  async rest(): Promise<void> {
    if (this.#sessions.size === 0) await this.#line.rest('no session was left');
  }

  stop(reason: string): Promise<void> {
    return this.#line.stop(reason);
  }

  state(): HostState {
    return this.#line.state(this.#dropped);
  }

  /** The server's answer to `initialize`; only the first packet reaches it. */
  async #handshake(packet: RequestPacket): Promise<ResponsePacket> {
    if (this.#answer) return this.#answer;
    // Who comes while the first one waits gets its answer; who comes after it failed tries anew.
    this.#opening ??= packet;
    this.#refusal = null;
    try {
      await this.#line.ready();
    } catch (error) {
      if (this.#opening === packet) this.#opening = null;
      if (this.#refusal) return this.#refusal;
      throw error;
    }
    if (this.#answer) return this.#answer;
    throw new Error('it was not initialized');
  }

  #startLink(): Link {
    const { launch, log, nextId } = this.#options;
    return new Link({
      launch,
      log: labelled(log, 'shared'),
      flow: this.#flow,
      nextId,
      onRequest: (packet, link) => this.#onRequest(packet, link),
      onNotification: (packet, link) => this.#onNotification(packet, link),
      onEnd: (reason, link) => {
        this.#dropped += link.dropped;
        log(`the shared server is gone: ${reason}`);
      },
    });
  }

  /** Says to a new server what the last one was told. */
  async #greet(link: Link): Promise<boolean> {
    if (this.#opening === null) return false;
    const answer = await link.repeat(this.#opening);
    if (answer?.errorCode !== null) {
      this.#refusal = answer;
      return false;
    }
    this.#answer = answer;
    if (this.#isInitialized) link.send(initialized);
    const { current } = this.#levels;
    if (current !== null) await link.ask('logging/setLevel', { level: current });
    await Promise.all(
      this.#subscriptions.uris.map((uri) => link.ask('resources/subscribe', { uri })),
    );
    return true;
  }

  #pass(packet: RequestPacket, session: Session, exchange: Exchange, link: Link): void {
    if (this.#isDone(packet, session)) {
      exchange.answer(resultText(valueAt(packet.text, ['id']) ?? 'null', '{}'));
      return;
    }
    link.request(packet, {
      member: session,
      exchange,
      onAnswer: (answer) => {
        const isSubscribed = packet.method === 'resources/subscribe' && answer?.errorCode === null;
        if (isSubscribed && this.#sessions.has(session)) {
          this.#subscriptions.add(String(packet.params['uri']), session);
        }
      },
    });
  }

  /** True for a wish that the server fulfils already, for another session. */
  #isDone({ method, params }: RequestPacket, session: Session): boolean {
    const uri = String(params['uri']);
    switch (method) {
      case 'resources/subscribe':
        if (!this.#subscriptions.isWanted(uri)) return false;
        this.#subscriptions.add(uri, session);
        return true;
      case 'resources/unsubscribe':
        // Others want it still, or this session never did.
        return !this.#subscriptions.remove(uri, session);
      case 'logging/setLevel':
        return !this.#levels.want(params['level'], session);
      default:
        return false;
    }
  }

  #onRequest(packet: RequestPacket, link: Link): void {
    if (packet.method === 'ping') {
      link.send(resultText(valueAt(packet.text, ['id']) ?? 'null', '{}'));
      return;
    }
    const session = this.#onlyCaller(link);
    const ability = abilities[packet.method];
    if (session === null) {
      const sentence = `${packet.method} was answered by nobody: this server is shared, and which client it is for can be told only while exactly one has a request under way.`;
      link.refuse(packet, rpcCode.refused, sentence);
    } else if (ability !== undefined && !session.can(ability)) {
      link.refuse(packet, rpcCode.methodNotFound, `The client has no ability "${ability}".`);
    } else askSession(packet, session, link);
  }

  #onNotification(packet: NotificationPacket, link: Link): void {
    const { method, params, text } = packet;
    const drop = () => link.countDropped();
    if (/^notifications\/(?:tools|prompts|resources)\/list_changed$/.test(method)) {
      for (const session of this.#sessions) session.stream.send(text, drop);
    } else if (method === 'notifications/resources/updated') {
      const wantedBy = this.#subscriptions.wantedBy(String(params['uri']));
      if (wantedBy.size === 0) drop();
      for (const session of wantedBy) session.stream.send(text, drop);
    } else if (method === 'notifications/cancelled') {
      const withdrawn = link.asks.withdraw(packet);
      if (withdrawn?.member instanceof Session) withdrawn.member.stream.send(withdrawn.text, drop);
      else drop();
    } else {
      const session = this.#onlyCaller(link);
      const isLog = method === 'notifications/message';
      if (!session || (isLog && !this.#levels.isFor(params['level'], session))) drop();
      else session.stream.send(text, drop);
    }
  }

  /** The session whose requests are under way, when all of them are one session's. */
  #onlyCaller(link: Link): Session | null {
    const calls = link.calls.filter(({ exchange }) => exchange !== null);
    const callers = new Set(calls.map(({ member }) => member));
    const [only] = callers;
    return callers.size === 1 && only instanceof Session ? only : null;
  }
}

function errorAnswer(answer: ResponsePacket, clientId: string): string {
  const error = valueAt(answer.text, ['error']) ?? '{}';
  return `{"jsonrpc":"2.0","id":${clientId},"error":${error}}`;
}

function failure(clientId: string, method: string, error: unknown): string {
  const sentence = `The MCP server could not take ${method}: ${messageOf(error)}`;
  return errorText(clientId, rpcCode.internal, sentence, { retryable: true });
}
