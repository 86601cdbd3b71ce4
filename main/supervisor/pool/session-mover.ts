/**
 * Moves sessions from one instance to another, so that a crash, a restart or an upgrade of an instance
 * breaks no agent's session: what the client said when it opened the session is said again, in its
 * name, to the new instance; from then on its requests go there, under the id that it knows. What the
 * old instance kept in memory about the session is not recovered; nobody can.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from 'undici';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Instance } from './instance.ts';
import type { Home, Session, SessionTable } from './sessions.ts';
import { endUpstream, postRpc } from './upstream-rpc.ts';

export interface SessionMoverOptions {
  readonly sessions: SessionTable;
  readonly agent: Agent;
  /** Finds an instance for a session; throws when none comes up within `waitMs`. */
  readonly place: (waitMs: number) => Promise<Instance>;
  readonly logger: Logger;
}

/** How long one search for an instance lasts, in ms; a session searches until it ends. */
const searchMs = 30_000;

/**
 * Pause after an instance refused a session, in ms; it doubles with each refusal, up to the longest. One
 * that ended meanwhile has refused nothing: the next one is asked as soon.
 */
const firstPauseMs = 200;
const longestPauseMs = 2_000;

export class SessionMover {
  readonly #options: SessionMoverOptions;

  constructor(options: SessionMoverOptions) {
    this.#options = options;
  }

  /** Moves all sessions of an instance that is gone or going; resolves when each has a home or an end. */
  async moveAllFrom(instance: Instance): Promise<void> {
    await Promise.all(this.#options.sessions.on(instance).map((session) => this.move(session)));
  }

  /** Moves one session; while it has no home its requests wait. */
  async move(session: Session): Promise<void> {
    const from = session.home;
    if (from === null || session.hasEnded) return;
    session.leave();
    const { agent, logger, place } = this.#options;
    for (let pauseMs = firstPauseMs; !session.hasEnded; ) {
      let instance: Instance | null = null;
      try {
        instance = await place(searchMs);
        const home = await this.#openAgain(session, instance);
        if (session.hasEnded) {
          await endUpstream(agent, home);
          return;
        }
        session.arrive(home);
        logger.info(
          { client: session.opening.clientName, from: from.instance.name, to: home.instance.name },
          'MCP session moved',
        );
        return;
      } catch (error) {
        if (session.hasEnded) return;
        // Once is enough for the log: a server that stays away refuses many sessions many times.
        logger[pauseMs === firstPauseMs ? 'warn' : 'debug'](
          { err: error, client: session.opening.clientName },
          'MCP session is not moved yet',
        );
        await delay(pauseMs);
        const hasEnded = instance !== null && !instance.isUp;
        pauseMs = hasEnded ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  }

  async #openAgain(session: Session, instance: Instance): Promise<Home> {
    const { agent } = this.#options;
    const { initialize, headers } = session.opening;
    const { origin } = instance;
    if (origin === null) throw new Error(`${instance.name} has no port yet`);
    let home: Home | null = null;
    instance.opening += 1;
    try {
      const opened = await postRpc(agent, origin, initialize, headers, null);
      if (opened.status !== 200) throw new Error(`initialize was answered ${opened.status}`);
      home = { instance, upstreamId: opened.sessionId };
      for (const [what, said] of session.toRepeat) {
        const { status } = await postRpc(agent, origin, said.body, said.headers, home.upstreamId);
        if (status >= 400) throw new Error(`${what} was answered ${status}`);
      }
      // Its last words: it ended before the session counted as its own, so nobody else will move it.
      if (!instance.isUp) throw new Error('it ended meanwhile');
      return home;
    } catch (error) {
      if (home) await endUpstream(agent, home);
      throw new Error(`${instance.name}: ${messageOf(error)}`, { cause: error });
    } finally {
      instance.opening -= 1;
    }
  }
}
