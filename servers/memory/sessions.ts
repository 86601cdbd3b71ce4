/**
 * The sessions of the eras before 2026-07-28 (MCP 2025-11-25, basic/transports): minted by
 * `initialize`, named by `Mcp-Session-Id`, each with a transport of the SDK and a server of its own
 * behind it. A session that is not known is answered with 404: only then does a client start anew.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import {
  isInitializeRequest,
  isJSONRPCRequest,
  type McpServer,
} from '@modelcontextprotocol/server';
import type { Focus } from './memory-server.ts';
import { refuse } from './rpc-refusal.ts';

/** A session as `GET /admin/connections` shows it; the names are those of the old server. */
export interface Connection {
  readonly sessionId: string;
  readonly type: 'streamable-http';
  /** ISO 8601. */
  readonly connectedAt: string;
  /** When its client last sent something after `initialize`, ISO 8601. */
  readonly lastActivity: string | null;
  /** Tool calls so far. */
  readonly callCount: number;
  /** Role of the agent session that it started last and has not ended. */
  readonly agentType: string | null;
  /** The workspace and plan that its calls last were about. */
  readonly workspaceId: string | null;
  readonly planId: string | null;
  /** The client's own name. */
  readonly clientType: string | null;
}

interface Session {
  readonly transport: NodeStreamableHTTPServerTransport;
  readonly server: McpServer;
  readonly connectedAt: string;
  lastActivity: string | null;
  callCount: number;
  focus: Focus;
}

export interface SessionsDependencies {
  readonly createServer: (onCall: (focus: Focus) => void) => McpServer;
  readonly now: () => Date;
}

export class Sessions {
  readonly #dependencies: SessionsDependencies;
  readonly #sessions = new Map<string, Session>();

  constructor(dependencies: SessionsDependencies) {
    this.#dependencies = dependencies;
  }

  get size(): number {
    return this.#sessions.size;
  }

  list(): readonly Connection[] {
    return [...this.#sessions].map(([sessionId, session]) => ({
      sessionId,
      type: 'streamable-http',
      connectedAt: session.connectedAt,
      lastActivity: session.lastActivity,
      callCount: session.callCount,
      agentType: session.focus.agentType ?? null,
      workspaceId: session.focus.workspaceId ?? null,
      planId: session.focus.planId ?? null,
      clientType: session.server.server.getClientVersion()?.name ?? null,
    }));
  }

  /** Answers a request of a legacy client; `body` is what was posted, parsed. */
  async handle(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = request.headers['mcp-session-id'];
    const session = typeof id === 'string' ? this.#sessions.get(id) : undefined;
    if (session !== undefined) {
      this.#observe(session, body);
      return session.transport.handleRequest(request, response, body);
    }
    // A stale id beside `initialize` is no error: the client is doing what a 404 told it to do.
    if (request.method === 'POST' && isInitializeRequest(body)) {
      return this.#open(request, response, body);
    }
    if (id !== undefined) {
      return refuse(response, 404, -32001, 'Session not found — please reinitialize');
    }
    if (request.method === 'POST' || request.method === 'DELETE') {
      return refuse(response, 400, -32000, 'Bad Request: Mcp-Session-Id header is required');
    }
    response.setHeader('Allow', 'POST, DELETE');
    return refuse(response, 405, -32000, 'Method not allowed without a session');
  }

  /** Ends a session and its streams; false when there is none of that id. */
  async close(id: string): Promise<boolean> {
    const session = this.#sessions.get(id);
    if (session === undefined) return false;
    await session.server.close();
    return true;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.server.close()));
  }

  async #open(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const { createServer, now } = this.#dependencies;
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      // No tool says anything before its result, so plain JSON tells all and costs less.
      enableJsonResponse: true,
      onsessioninitialized: (id) => {
        this.#sessions.set(id, session);
      },
    });
    const server = createServer((focus) => {
      session.focus = { ...session.focus, ...focus };
    });
    const session: Session = {
      transport,
      server,
      connectedAt: now().toISOString(),
      lastActivity: null,
      callCount: 0,
      focus: {},
    };
    server.server.onclose = () => {
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId);
    };
    await server.connect(transport);
    await transport.handleRequest(request, response, body);
    // Refused before it began (a wrong Accept header, say).
    if (transport.sessionId === undefined) await server.close();
  }

  #observe(session: Session, body: unknown): void {
    if (body === undefined) return;
    session.lastActivity = this.#dependencies.now().toISOString();
    // 2025-03-26 allows batches.
    const messages = Array.isArray(body) ? body : [body];
    session.callCount += messages.filter(
      (message) => isJSONRPCRequest(message) && message.method === 'tools/call',
    ).length;
  }
}
