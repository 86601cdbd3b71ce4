/**
 * `/mcp`: finds the instance for each request and forwards it there.
 *
 * Legacy MCP (2025-03-26 … 2025-11-25): a session lives on the instance that minted its id; its calls,
 * its GET stream and its DELETE go there. A new session goes to the instance with the fewest. An
 * unknown id gets 404 with JSON-RPC -32001, the one answer that makes clients initialize again (L5);
 * an `initialize` that carries one opens a new session. Stateless MCP (2026-07-28) has no sessions:
 * each request goes to the least loaded instance.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Agent } from 'undici';
import { CodedError, codeOf, messageOf } from '../../../shared/errors.ts';
import type { Instance } from '../pool/instance.ts';
import type { Logger } from '../telemetry/logger.ts';
import { forward, requestHeaders } from './forward.ts';
import { type Initialize, readInitialize, rpcCodes, sendRpcError } from './json-rpc.ts';
import { discardBody, streamBody, wholeBody } from './request-body.ts';
import { callInSession, type SessionHomes } from './session-call.ts';

/** What the route needs of the pool. */
export interface InstancePool extends SessionHomes {
  /** Throws `instance_unavailable` when none came up within `waitMs`. */
  place(waitMs: number, signal: AbortSignal): Promise<Instance>;
}

export interface McpRouteOptions {
  /** Null while MCP is switched off. */
  readonly pool: InstancePool | null;
  readonly agent: Agent;
  /** How long a request waits for a session that moves. */
  readonly failoverWaitMs: number;
  readonly logger: Logger;
  /** Counts that views show have changed. */
  readonly onActivity: () => void;
}

/** How long a new session waits for an instance that is just starting, in ms. */
const placementWaitMs = 10_000;

/** The first version without sessions. */
const firstStateless = '2026-07-28';

const sessionHeader = 'mcp-session-id';
/** Left out of requests outside a session: one that is no more, or a stateless one's (M1). */
const staleSession: ReadonlySet<string> = new Set([sessionHeader]);

export type McpRoute = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Makes the handler of `/mcp`. It answers every request itself and never rejects. */
export function createMcpRoute({
  pool,
  agent,
  failoverWaitMs,
  logger,
  onActivity,
}: McpRouteOptions): McpRoute {
  return async (request, response) => {
    try {
      if (pool === null)
        throw new CodedError('instance_unavailable', 'MCP is switched off: [mcp] enabled = false.');
      await route(pool, request, response);
    } catch (error) {
      // A client that hung up needs no answer, and that is no fault.
      if (response.destroyed) return;
      if (codeOf(error) === 'internal')
        logger.warn({ err: error, url: request.url }, 'MCP request failed');
      refuse(request, response, error);
    }
  };

  async function route(table: InstancePool, request: IncomingMessage, response: ServerResponse) {
    const isStateless = speaksStateless(request);
    const id = isStateless ? undefined : request.headers[sessionHeader];
    const session = typeof id === 'string' ? table.sessions.get(id) : undefined;
    if (session) {
      const homes = { homes: table, agent, failoverWaitMs, onActivity };
      await callInSession(homes, session, request, response);
      return;
    }
    if (request.method !== 'POST' || isStateless) {
      if (id !== undefined) throw unknownSession();
      await withoutSession(table, request, response, streamBody(request), null);
      return;
    }
    const body = await wholeBody(request);
    const initialize = readInitialize(body);
    if (id !== undefined && initialize === null) throw unknownSession();
    await withoutSession(table, request, response, body, initialize);
  }

  async function withoutSession(
    table: InstancePool,
    request: IncomingMessage,
    response: ServerResponse,
    body: Body,
    initialize: Initialize | null,
  ): Promise<void> {
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort());
    const instance = await table.place(placementWaitMs, hungUp.signal);
    if (initialize === null) {
      await exchange(instance, request, response, body, { omit: staleSession });
      return;
    }
    let opened = false;
    const settle = () => {
      if (!opened) instance.opening -= 1;
      opened = true;
    };
    instance.opening += 1;
    const publicId = randomUUID();
    try {
      await exchange(instance, request, response, body, {
        omit: staleSession,
        publicId,
        onHead: (status, header) => {
          const upstreamId = header(sessionHeader);
          settle();
          if (status !== 200 || upstreamId === undefined || !Buffer.isBuffer(body)) return;
          const headers = requestHeaders(request, true, { omit: staleSession });
          const opening = { ...initialize, sessionId: publicId, initialize: body, headers };
          const session = table.sessions.open(opening, { instance, upstreamId });
          // The last words of an instance that died since: it will not know the session.
          if (!instance.isUp) void table.rehome(session);
          logger.info(
            { instance: instance.name, client: initialize.clientName },
            'MCP session opened',
          );
        },
      });
    } finally {
      settle();
    }
  }

  async function exchange(
    instance: Instance,
    request: IncomingMessage,
    response: ServerResponse,
    body: Body,
    watch: Watch,
  ): Promise<void> {
    const { origin } = instance;
    if (origin === null) throw unavailable(instance, 'it has no port yet');
    // A GET stream is not work: it must not make an instance look busy.
    const isWork = request.method !== 'GET';
    if (isWork) instance.inFlight += 1;
    onActivity();
    try {
      await forward({
        agent,
        origin,
        request,
        response,
        body,
        ...(watch.omit && { omit: watch.omit }),
        ...(watch.publicId !== undefined && { publicId: watch.publicId }),
        onHead: (status, header) => {
          if (request.method === 'POST' && status === 200) instance.calls += 1;
          watch.onHead?.(status, header);
        },
        onData: () => {},
      });
    } catch (error) {
      if (error instanceof CodedError) throw error;
      throw unavailable(instance, messageOf(error));
    } finally {
      if (isWork) instance.inFlight -= 1;
      onActivity();
    }
  }
}

type Body = Buffer | AsyncIterable<Buffer> | null;

interface Watch {
  readonly omit?: ReadonlySet<string>;
  readonly publicId?: string;
  readonly onHead?: (status: number, header: (name: string) => string | undefined) => void;
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

function unknownSession(): CodedError {
  return new CodedError('session_not_found', 'Session not found. Please initialize again.');
}

function unavailable(instance: Instance, cause: string): CodedError {
  return new CodedError(
    'instance_unavailable',
    `${instance.name} did not answer (${cause}). It is being restarted; call again.`,
  );
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const code = codeOf(error);
  const rpcCode = code === 'session_not_found' ? rpcCodes.session : rpcCodes.server;
  const status = error instanceof CodedError ? error.status : 500;
  discardBody(request);
  sendRpcError(response, status, rpcCode, messageOf(error), code);
}
