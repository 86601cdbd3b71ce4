/**
 * The memory server on 127.0.0.1: MCP at `/mcp`, in both eras, and the health and admin addresses
 * that supervisors of the old system use. The SDK decides the era of each request and serves it:
 * its stateless handler from 2026-07-28 on, its session transport before. Requests whose Host or
 * Origin names another machine are refused, or a web page could rebind DNS and read the memory.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  localhostHostValidation,
  localhostOriginValidation,
  type NodeIncomingMessageLike,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import {
  classifyInboundRequest,
  createMcpHandler,
  isJsonContentType,
  type McpServer,
} from '@modelcontextprotocol/server';
import type { Health } from './health.ts';
import type { Focus } from './memory-server.ts';
import { maxBodyBytes, readBody } from './read-body.ts';
import { refuse } from './rpc-refusal.ts';
import { Sessions } from './sessions.ts';

/** Longer than clients and gateways keep an idle connection: they close it, never meet it closed. */
const keepAliveTimeoutMs = 75_000;

/** How long answers under way may take once the server is told to stop. */
const closeGraceMs = 500;

export interface HttpServerDependencies {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly createServer: (onCall: (focus: Focus) => void) => McpServer;
  readonly health: (sessions: number) => Health;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  /** Stops accepting, ends all streams, lets answers under way finish. */
  readonly close: () => Promise<void>;
}

/** Listens; rejects when the port is taken. */
export async function startHttpServer(dependencies: HttpServerDependencies): Promise<HttpServer> {
  const { onError } = dependencies;
  const sessions = new Sessions(dependencies);
  const modern = createMcpHandler(() => dependencies.createServer(() => undefined), {
    legacy: 'reject',
    onerror: onError,
  });
  const answerMcp = createMcpRoute(sessions, toNodeHandler(modern, { onerror: onError }));
  const hostIsLocal = localhostHostValidation();
  const originIsLocal = localhostOriginValidation();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!hostIsLocal(request, response) || !originIsLocal(request, response)) return;
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path === '/mcp') return answerMcp(request, response);
    return answerAdmin(path, request, response, sessions, dependencies);
  };
  const http = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      // The client went away: there is nobody to answer, and nothing that we did wrong.
      if (response.destroyed) return;
      onError(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, -32603, 'Internal server error');
    });
  });
  http.listen(dependencies.port, '127.0.0.1');
  await once(http, 'listening');

  return {
    port: (http.address() as AddressInfo).port,
    close: async () => {
      const closed = once(http, 'close');
      http.close();
      const force = setTimeout(() => http.closeAllConnections(), closeGraceMs);
      await Promise.all([sessions.closeAll(), modern.close()]);
      http.closeIdleConnections();
      await closed;
      clearTimeout(force);
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Reads the body once, asks the SDK which era it belongs to, and passes it there. */
function createMcpRoute(sessions: Sessions, modern: ReturnType<typeof toNodeHandler>): Handler {
  return async (request, response) => {
    if (request.method !== 'POST') return sessions.handle(request, response, undefined);
    if (!isJsonContentType(request.headers['content-type'] ?? null)) {
      return refuse(response, 415, -32000, 'Content-Type must be application/json');
    }
    const body = await readBody(request);
    if (!body.ok) {
      return body.why === 'too_large'
        ? refuse(response, 413, -32000, `The body must not exceed ${maxBodyBytes} bytes`)
        : refuse(response, 400, -32700, 'Parse error: Invalid JSON');
    }
    const { kind } = classifyInboundRequest({
      httpMethod: 'POST',
      ...namedHeader(request, 'protocolVersionHeader', 'mcp-protocol-version'),
      ...namedHeader(request, 'mcpMethodHeader', 'mcp-method'),
      ...namedHeader(request, 'mcpNameHeader', 'mcp-name'),
      body: body.value,
    });
    if (kind === 'legacy') return sessions.handle(request, response, body.value);
    return modern(request as NodeIncomingMessageLike, response, body.value);
  };
}

function namedHeader<Name extends string>(
  request: IncomingMessage,
  name: Name,
  header: string,
): { readonly [Key in Name]?: string } {
  const value = request.headers[header];
  return (typeof value === 'string' ? { [name]: value } : {}) as { [Key in Name]?: string };
}

const connectionsPath = '/admin/connections';

async function answerAdmin(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  sessions: Sessions,
  { health }: HttpServerDependencies,
): Promise<void> {
  const reading = request.method === 'GET' || request.method === 'HEAD';
  if (reading && (path === '/health' || path === '/api/health')) {
    const state = health(sessions.size);
    return sendJson(response, state.status === 'ok' ? 200 : 503, state);
  }
  if (reading && path === connectionsPath) return sendJson(response, 200, sessions.list());
  if (request.method === 'DELETE' && path.startsWith(`${connectionsPath}/`)) {
    const sessionId = decode(path.slice(connectionsPath.length + 1));
    if (await sessions.close(sessionId))
      return sendJson(response, 200, { closed: true, sessionId });
    return sendJson(response, 404, { error: `Session not found: ${sessionId}` });
  }
  return sendJson(response, 404, {
    error: `There is nothing at ${request.method} ${path}; MCP is at /mcp.`,
  });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
