/**
 * The HTTP front on the MCP port: one address for clients, whatever happens behind it.
 *
 * `/mcp` has a path of its own (mcp-route.ts), past Express: it is the traffic. Health is answered here
 * and never forwarded, because a busy instance is not a dead supervisor. Whatever no route takes goes
 * to the pool's primary instance (http-proxy-middleware). Every request passes the guard first.
 */
import {
  createServer,
  type IncomingMessage,
  Agent as KeepAliveAgent,
  type Server,
  type ServerResponse,
} from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import type { Agent } from 'undici';
import { CodedError } from '../../../shared/errors.ts';
import { checkLocalRequest } from '../http/guard.ts';
import { closeServer, listenOnLoopback } from '../http/listen.ts';
import { sendError, sendJson } from '../http/respond.ts';
import type { Logger } from '../telemetry/logger.ts';
import { removeConnectionHeaders, sendHead } from './headers.ts';
import { type Beat, Heartbeat } from './heartbeat.ts';
import { createMcpRoute, type InstancePool } from './mcp-route.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface GatewayOptions {
  readonly pool:
    | (InstancePool & { readonly primary: { readonly origin: string | null } | undefined })
    | null;
  /** Connections to the instances. */
  readonly agent: Agent;
  /** How long a request waits for a session that moves, in ms. */
  readonly failoverWaitMs: number;
  /** Where `/api/fallback/*` goes; null while there is no fallback API. */
  readonly fallbackOrigin: () => string | null;
  readonly allowedOrigins: readonly string[];
  /** `/supervisor/events` and `POST /admin/events/hook`: the event room's own handlers. */
  readonly events: Handler;
  readonly webhook: Handler;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly beat: () => Beat;
  /** Counts that views show have changed. */
  readonly onActivity: () => void;
  readonly logger: Logger;
}

/** The answer that old editor extensions compare; they probe it every few seconds. */
const health = { status: 'ok', server: 'project-memory-proxy', transport: 'http' };

/** How long ends of streams may take at shutdown before their sockets are cut, in ms. */
const closeGraceMs = 500;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #heartbeat: Heartbeat;
  readonly #passAgent = new KeepAliveAgent({ keepAlive: true });
  #port = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.beat);
    const { pool, agent, failoverWaitMs, logger, onActivity } = options;
    const mcp = createMcpRoute({ pool, agent, failoverWaitMs, logger, onActivity });
    const routes = this.#routes();
    this.#server = createServer((request, response) => {
      try {
        checkLocalRequest(request, options.allowedOrigins);
      } catch (error) {
        request.resume();
        sendError(response, error);
        return;
      }
      if (pathOf(request) === '/mcp') void mcp(request, response);
      else routes(request, response);
    });
    // Streams stay open for days, uploads may be slow; a head that never ends is still cut off.
    this.#server.requestTimeout = 0;
  }

  /** The bound port; 0 before `listen`. */
  get port(): number {
    return this.#port;
  }

  /** Binds the port of the loopback interface; throws `port_taken`. */
  async listen(port: number): Promise<void> {
    this.#port = await listenOnLoopback(this.#server, port, 'MCP gateway ([mcp] port)');
  }

  /** Tells heartbeat listeners at once that the pool's health changed. */
  announceHealth(): void {
    this.#heartbeat.beatNow();
  }

  /** Stops accepting, ends the streams, frees the port. */
  async close(): Promise<void> {
    this.#heartbeat.close();
    const closed = closeServer(this.#server);
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => this.#server.closeAllConnections(), closeGraceMs);
    await closed;
    clearTimeout(cut);
    this.#passAgent.destroy();
  }

  #routes(): express.Express {
    const { events, webhook } = this.#options;
    const app = express();
    app.disable('x-powered-by');
    app.disable('etag');
    app.get(['/health', '/api/health'], (_request, response) => sendJson(response, 200, health));
    app.get('/supervisor/heartbeat', (_request, response) => this.#heartbeat.subscribe(response));
    app.get('/metrics', async (_request, response) => {
      const { metrics } = this.#options;
      response.setHeader('content-type', metrics.contentType);
      response.end(await metrics.text());
    });
    app.all('/supervisor/events', (request, response) => events(request, response));
    app.post('/admin/events/hook', (request, response) => webhook(request, response));
    app.use('/api/fallback', this.#passTo(this.#options.fallbackOrigin, refuseFallback));
    app.use(this.#passTo(() => this.#options.pool?.primary?.origin ?? null, refusePassThrough));
    return app;
  }

  /** Forwards to wherever `origin` points at the moment; path and query are kept. */
  #passTo(
    origin: () => string | null,
    refuse: (response: ServerResponse) => void,
  ): express.Handler {
    const proxy = createProxyMiddleware<express.Request, express.Response>({
      target: 'http://127.0.0.1',
      router: () => origin() ?? '',
      changeOrigin: true,
      agent: this.#passAgent,
      pathRewrite: (_path, request) => request.originalUrl,
      on: {
        proxyRes: (answer, _request, response) => {
          removeConnectionHeaders(answer.headers);
          // The proxy copies the head after this; an idle stream must show it before its first event.
          queueMicrotask(() => sendHead(response));
        },
        error: (error, request, response) => {
          this.#options.logger.warn({ err: error, url: request.url }, 'pass-through failed');
          if ('headersSent' in response) refuse(response);
          else response.destroy();
        },
      },
    });
    return (request, response, next) => {
      if (origin() === null) {
        refuse(response);
        return;
      }
      removeConnectionHeaders(request.headers);
      void proxy(request, response, next);
    };
  }
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** The reply that old clients of the fallback API know. */
function refuseFallback(response: ServerResponse): void {
  const error = 'Fallback API backend is unavailable';
  sendJson(response, 503, { success: false, error, code: 'fallback_unavailable' });
}

function refusePassThrough(response: ServerResponse): void {
  sendError(
    response,
    new CodedError('instance_unavailable', 'No MCP instance is running that could answer this.'),
  );
}
