/**
 * A server process for each session: what one client does or breaks, no other notices. The process starts
 * with `initialize` and ends with the session; when it ends by itself, so does the session, and the
 * client (or the gateway for it) opens another one on the 404 that it gets.
 */
import { askSession } from './ask-session.ts';
import type { Exchange } from './exchange.ts';
import { Flow } from './flow.ts';
import type { Launch } from './launch.ts';
import type { HostState, LegacyHost } from './legacy-host.ts';
import { Link } from './link.ts';
import { type Log, labelled } from './log.ts';
import type { NotificationPacket, RequestPacket, ResponsePacket } from './packet.ts';
import type { Session } from './session.ts';

export interface OwnHostOptions {
  readonly launch: Launch;
  readonly log: Log;
  readonly nextId: () => number;
  /** The server of this session ended by itself. */
  readonly onSessionEnd: (session: Session) => void;
}

export class OwnHost implements LegacyHost {
  /** Each is a process: with more of them the machine is what gives way. */
  readonly maxSessions = 256;
  readonly #options: OwnHostOptions;
  readonly #links = new Map<Session, Link>();
  /** Processes that were told to end and have not yet. */
  readonly #ending = new Set<Link>();
  #dropped = 0;

  constructor(options: OwnHostOptions) {
    this.#options = options;
  }

  flow(): Flow {
    return new Flow();
  }

  open(packet: RequestPacket, session: Session, exchange: Exchange, refused: () => void): void {
    const { launch, log, nextId } = this.#options;
    const link = new Link({
      launch,
      log: labelled(log, session.label),
      flow: session.flow,
      nextId,
      onRequest: (asked) => askSession(asked, session, link),
      onNotification: (told) => this.#onNotification(told, session, link),
      onEnd: (reason) => this.#onEnd(reason, session, link),
    });
    this.#links.set(session, link);
    link.request(packet, {
      member: session,
      exchange,
      onAnswer: (answer) => {
        if (answer?.errorCode === null) session.opened(answer.result['protocolVersion']);
        else refused();
      },
    });
  }

  request(packet: RequestPacket, session: Session, exchange: Exchange): void {
    this.#links.get(session)?.request(packet, { member: session, exchange });
  }

  tell(packet: NotificationPacket | ResponsePacket, session: Session): boolean {
    return this.#links.get(session)?.tell(packet, session) ?? false;
  }

  async close(session: Session, reason: string): Promise<void> {
    const link = this.#links.get(session);
    if (link === undefined) return;
    this.#links.delete(session);
    this.#dropped += link.dropped;
    link.forget(session);
    await this.#untilGone(link, reason);
  }

  async stop(reason: string): Promise<void> {
    const closing = [...this.#links.keys()].map((session) => this.close(session, reason));
    await Promise.all([...closing, ...[...this.#ending].map((link) => link.stop(reason))]);
  }

  state(): HostState {
    const links = [...this.#links.values()];
    return {
      calls: links.reduce((sum, { calls }) => sum + calls.length, 0),
      dropped: links.reduce((sum, { dropped }) => sum + dropped, this.#dropped),
      processes: [...links, ...this.#ending].flatMap(({ pid }) => pid ?? []),
    };
  }

  #onNotification(packet: NotificationPacket, session: Session, link: Link): void {
    const isWithdrawal = packet.method === 'notifications/cancelled';
    const text = isWithdrawal ? link.asks.withdraw(packet)?.text : packet.text;
    if (text === undefined) link.countDropped();
    else session.stream.send(text, () => link.countDropped());
  }

  #onEnd(reason: string, session: Session, link: Link): void {
    if (!this.#links.delete(session)) return;
    const { log, onSessionEnd } = this.#options;
    this.#dropped += link.dropped;
    log(`the server of session ${session.label} is gone: ${reason}`);
    onSessionEnd(session);
    // What it has left behind may take its time.
    void this.#untilGone(link, reason);
  }

  async #untilGone(link: Link, reason: string): Promise<void> {
    this.#ending.add(link);
    await link.stop(reason);
    this.#ending.delete(link);
  }
}
