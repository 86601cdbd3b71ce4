/** Puts the parts of the bridge together, and takes them apart again so that nothing is left. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BridgeArguments } from './arguments.ts';
import { startHttpFront } from './http-front.ts';
import type { Launch } from './launch.ts';
import type { Log } from './log.ts';
import { McpRoute } from './mcp-route.ts';
import { ModernHost } from './modern-host.ts';
import { OwnHost } from './own-host.ts';
import { Sessions } from './sessions.ts';
import { SharedHost } from './shared-host.ts';

/** How often idle sessions are looked for, at most, in ms. */
const maxReapPeriodMs = 60_000;

/** How long what was said last may take to leave when the bridge stops, in ms. */
const lastWordsMs = 100;

export interface BridgeOptions {
  readonly settings: BridgeArguments;
  readonly launch: Launch;
  readonly log: Log;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

export interface Bridge {
  readonly port: number;
  /** Ends sessions and servers; resolves when no process is left. */
  readonly stop: (reason: string) => Promise<void>;
}

/** Listens; rejects when the port is taken. No server is started before it is needed. */
export async function startBridge({ settings, launch, log, now }: BridgeOptions): Promise<Bridge> {
  let lastId = 0;
  const nextId = () => (lastId += 1);
  const shared = settings.shared ? new SharedHost({ launch, log, nextId }) : null;
  const host =
    shared ??
    new OwnHost({ launch, log, nextId, onSessionEnd: (session) => void sessions.forget(session) });
  const sessions = new Sessions({ host, now });
  const modern = new ModernHost({ launch, log, nextId, now });
  const route = new McpRoute({ host, sessions, modern });
  const front = await startHttpFront({
    port: settings.port,
    mcp: (request, response) => route.handle(request, response),
    health: () => ({
      status: 'ok',
      server: 'stdio-bridge',
      command: settings.command,
      mode: settings.shared ? 'shared' : 'per-session',
      activeSessions: sessions.size,
      uptime: process.uptime(),
      sessions: host.state(),
      stateless: modern.state(),
    }),
    onError: (error) =>
      log(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });

  let sharedIdleSinceMs = now();
  const tidy = setInterval(
    () => {
      void sessions.reap(settings.idleChildMs);
      void modern.rest(settings.idleChildMs);
      if (sessions.size > 0) sharedIdleSinceMs = now();
      else if (now() - sharedIdleSinceMs >= settings.idleChildMs) void shared?.rest();
    },
    Math.min(settings.idleChildMs / 4, maxReapPeriodMs),
  );

  return {
    port: front.port,
    stop: async (reason) => {
      clearInterval(tidy);
      front.refuseNew();
      const lastWords = delay(lastWordsMs);
      const modernStopped = modern.stop(reason);
      await lastWords;
      await Promise.all([front.close(), host.stop(reason), modernStopped]);
    },
  };
}
