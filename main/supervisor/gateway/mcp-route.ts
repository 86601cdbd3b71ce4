/**
 * `/mcp`: finds the instance for each request and forwards it there.
 *
 * Legacy MCP (2025-03-26 … 2025-11-25): a session lives on the instance that minted its id; its calls,
 * its GET stream and its DELETE go there. A new session goes to the instance with the fewest. An
 * unknown id gets 404 with JSON-RPC -32001, the one answer that makes clients initialize again (L5);
 * an `initialize` that carries one opens a new session. A session is its opener's alone. Stateless MCP
 * (2026-07-28) has no sessions: each request goes where what it names is known (affinity.ts), else to
 * the instance with the least to do.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Agent } from 'undici';
import { CodedError, codeOf, messageOf } from '../../../shared/errors.ts';
import type { Session } from '../pool/sessions.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Affinity, type AffinitySettings } from './affinity.ts';
import { CallRecord } from './call-record.ts';
import { readInitialize, sendRpcError } from './json-rpc.ts';
import { NewSession } from './new-session.ts';
import { bodyUpTo, discardBody, wholeBody } from './request-body.ts';
import { maxReadBytes } from './rpc-message.ts';
import { callInSession, type SessionCallOptions, type SessionHomes } from './session-call.ts';
import {
  callWithoutSession,
  type InstanceSource,
  type SessionlessCallOptions,
  staleSession,
} from './sessionless-call.ts';

/** What the route needs of the pool. */
export interface InstancePool extends SessionHomes, InstanceSource {
  readonly name: string;
  readonly tools: SessionHomes['tools'];
  readonly tasks: SessionHomes['tasks'];
  /** Lets a session in until what it returns is called; throws `too_many_sessions`. */
  admit(): () => void;
}

export interface McpRouteOptions {
  /** Null while MCP is switched off. */
  readonly pool: InstancePool | null;
  readonly agent: Agent;
  /** How long a request waits for a session that moves. */
  readonly failoverWaitMs: number;
  /** What stateless requests are bound to their instance by. */
  readonly affinity: AffinitySettings;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Counts that views show have changed. */
  readonly onActivity: () => void;
}

/** When a client that found no room for its session may try again, in seconds. */
const retryAfterS = 30;

/** The first version without sessions. */
const firstStateless = '2026-07-28';

const sessionHeader = 'mcp-session-id';

/** `principal` names who sent the request, as the gate in front found; null while it asks nobody. */
export type McpRoute = (
  request: IncomingMessage,
  response: ServerResponse,
  principal: string | null,
) => Promise<void>;

/** Makes the handler of `/mcp`. It answers every request itself and never rejects. */
export function createMcpRoute(options: McpRouteOptions): McpRoute {
  const { pool, metrics, logger } = options;
  const affinity = new Affinity(options.affinity);
  // Made once, not for each call.
  const inSession: SessionCallOptions | null = pool && {
    homes: pool,
    agent: options.agent,
    onActivity: options.onActivity,
    // Asked for at each call: the configuration may have changed it.
    get failoverWaitMs() {
      return options.failoverWaitMs;
    },
  };
  return async (request, response, principal) => {
    const record = new CallRecord(request, principal);
    try {
      if (pool === null || inSession === null)
        throw new CodedError('instance_unavailable', 'MCP is switched off: [mcp] enabled = false.');
      await route(pool, inSession, request, response, record);
    } catch (error) {
      // A client that hung up needs no answer, and that is no fault.
      if (!response.destroyed) {
        if (codeOf(error) === 'internal')
          logger.warn({ err: error, url: request.url }, 'MCP request failed');
        record.isFailure = true;
        refuse(request, response, error, record);
      }
    }
    record.finish(response, metrics, logger);
  };

  async function route(
    table: InstancePool,
    inSession: SessionCallOptions,
    request: IncomingMessage,
    response: ServerResponse,
    record: CallRecord,
  ): Promise<void> {
    const isStateless = speaksStateless(request);
    const id = isStateless ? undefined : request.headers[sessionHeader];
    const sessionId = typeof id === 'string' ? id : null;
    const known = sessionId === null ? undefined : table.sessions.find(sessionId, record.principal);
    if (known) {
      await callInSession(inSession, known, request, response, record);
      return;
    }
    const onBytes = (bytes: number) => {
      record.bytesIn += bytes;
    };
    const { agent, onActivity } = options;
    const answer = (body: SessionlessCallOptions['body'], opens: NewSession | null) =>
      callWithoutSession({
        pool: table,
        agent,
        affinity,
        onActivity,
        request,
        response,
        record,
        body,
        isStateless,
        opens,
      });
    if (request.method !== 'POST' || isStateless) {
      if (sessionId !== null) table.sessions.require(sessionId, record.principal);
      const body = await bodyUpTo(request, maxReadBytes, onBytes);
      await answer(body, null);
      return;
    }
    const body = await wholeBody(request, onBytes);
    const initialize = readInitialize(body);
    if (initialize === null) {
      if (sessionId !== null) table.sessions.require(sessionId, record.principal);
      await answer(body, null);
      return;
    }
    // Counted as one that is coming until it is one, or its client has gone.
    const release = table.admit();
    response.once('close', release);
    const { sessions } = table;
    const onOpened = (session: Session) => {
      release();
      opened(table, session);
    };
    const omit = staleSession;
    const opens = new NewSession({ sessions, request, body, initialize, record, omit, onOpened });
    await answer(body, opens);
  }

  function opened(table: InstancePool, session: Session): void {
    session.onMove = () => {
      const to = session.home?.instance.name ?? null;
      metrics.sessionMoved(table.name, session.opening.clientName, to);
    };
    const instance = session.home?.instance;
    // The last words of an instance that died since: it will not know the session.
    if (instance?.isUp === false) void table.rehome(session);
    const client = session.opening.clientName;
    logger.info({ instance: instance?.name, client }, 'MCP session opened');
  }
}

/**
 * The era is told by the version alone: some clients send `Mcp-Method` with session-based requests, too
 * (MCP 2026-07-28: headers count only where the version header says that they do).
 */
function speaksStateless({ headers }: IncomingMessage): boolean {
  const version = headers['mcp-protocol-version'];
  return (
    typeof version === 'string' && /^\d{4}-\d\d-\d\d$/.test(version) && version >= firstStateless
  );
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  record: CallRecord,
): void {
  const code = codeOf(error);
  const status = error instanceof CodedError ? error.status : 500;
  discardBody(request);
  if (response.headersSent) return;
  response.setHeader('X-Request-Id', record.requestId);
  if (code === 'too_many_sessions') response.setHeader('retry-after', retryAfterS);
  sendRpcError(response, status, code, messageOf(error));
}
