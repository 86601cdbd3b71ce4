/**
 * The HTTP front on the MCP port: one address for clients, whatever happens behind it.
 *
 * `/mcp` has a path of its own (mcp-route.ts), past Express: it is the traffic. Health is answered here
 * and never forwarded, because a busy instance is not a dead supervisor. Clients of the older HTTP+SSE
 * transport are served by legacy-sse.ts. Other programs have paths here, WebSockets included
 * (proxy-routes.ts); whatever no route takes goes to the pool's primary instance. Every request passes
 * the guard first, then, where tokens are asked for, access.ts.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import express from 'express';
import type { Agent } from 'undici';
import { gatewayPaths, isCovered } from '../../../shared/config-proxy.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { Beat } from '../../../shared/heartbeat.ts';
import { checkLocalRequest } from '../http/guard.ts';
import { closeServer, listenOnLoopback } from '../http/listen.ts';
import { sendError, sendJson } from '../http/respond.ts';
import type { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Access, challenge } from './access.ts';
import { adminConnections, type Connections } from './admin-connections.ts';
import type { AffinitySettings } from './affinity.ts';
import { answerCors } from './cors.ts';
import { Heartbeat } from './heartbeat.ts';
import { sendRpcError } from './json-rpc.ts';
import { LegacySse } from './legacy-sse.ts';
import { mainPool, poolAt } from './mcp-paths.ts';
import { createMcpRoute, type InstancePool, type McpRoute } from './mcp-route.ts';
import { type ProxyRoute, ProxyRoutes, pathOf } from './proxy-routes.ts';
import { refusalOf, refuseSocket } from './refuse-socket.ts';
import { Upgrades } from './upgrades.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What the gateway needs of a pool. */
export type ServedPool = InstancePool & {
  readonly primary: { readonly origin: string | null } | undefined;
  /** Lets a request in that `primary` is to answer; throws `instance_unavailable` after `waitMs`. */
  visit(waitMs: number, signal: AbortSignal): Promise<() => void>;
};

/** What the configuration decides may be other at the next request: it is looked up at each. */
export interface GatewayOptions {
  /** By name in lower case: `mcp` is behind `/mcp`, the others behind `/servers/NAME/mcp`. */
  readonly pools: ReadonlyMap<string, ServedPool>;
  readonly connections: Connections;
  /** Connections to the instances. */
  readonly agent: Agent;
  /** How long a request waits for a session that moves, in ms. */
  readonly failoverWaitMs: number;
  /** What stateless requests are bound to their instance by. */
  readonly affinity: AffinitySettings;
  /** Where `/api/fallback/*` goes; null while there is no fallback API. */
  readonly fallbackOrigin: () => string | null;
  /** Further paths that lead elsewhere: the dashboard's and those of the configuration. */
  readonly routes: readonly ProxyRoute[];
  readonly allowedOrigins: readonly string[];
  /** Asks for tokens; null lets everybody in who passes the guard. */
  readonly access: Access | null;
  /** `/supervisor/events` and `POST /admin/events/hook`: the event room's own handlers. */
  readonly events: Handler;
  readonly webhook: Handler;
  readonly metrics: {
    readonly contentType: string;
    text(): Promise<string>;
    readonly gateway: GatewayMetrics;
  };
  readonly beat: () => Beat;
  /** Counts that views show have changed. */
  readonly onActivity: () => void;
  readonly logger: Logger;
}

/** The answer that old editor extensions compare; they probe it every few seconds. */
const health = { status: 'ok', server: 'project-memory-proxy', transport: 'http' };

/** Silence after which a client of the HTTP+SSE transport gets a comment, in ms. */
const sseKeepAliveMs = 15_000;

/** How long a request that is none of MCP waits for an instance that is just starting, in ms. */
const placementWaitMs = 10_000;

/** How long ends of streams may take at shutdown before their sockets are cut, in ms. */
const closeGraceMs = 500;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #heartbeat: Heartbeat;
  readonly #upgrades = new Upgrades();
  readonly #proxied: ProxyRoutes;
  readonly #ownRoutes: express.Express;
  readonly #mcp: (
    pool: string,
    request: IncomingMessage,
    response: ServerResponse,
    principal: string | null,
  ) => void;
  readonly #legacySse: LegacySse;
  #port = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.beat);
    this.#mcp = this.#mcpRoutes();
    this.#legacySse = new LegacySse({
      ask: (request, response, { pool, principal }) =>
        this.#mcp(pool, request, response, principal),
      keepAliveMs: sseKeepAliveMs,
      logger: options.logger,
    });
    this.#proxied = new ProxyRoutes(this.#proxyRoutes(), this.#upgrades, options.logger);
    this.#ownRoutes = this.#routes();
    this.#server = createServer(
      // Any other wish to upgrade (h2c, half a handshake) is answered as if it were not there (RFC 9110 §7.8).
      { shouldUpgradeCallback: (request) => this.#takesWebSocket(request) },
      (request, response) => this.#answer(request, response),
    );
    this.#server.on('upgrade', (request, socket, head) =>
      this.#upgrade(request, socket as Socket, head),
    );
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

  /** Leaves its port, and every connection there, for another one; throws `port_taken` and is closed then. */
  async moveTo(port: number): Promise<void> {
    const left = closeServer(this.#server);
    this.#server.closeAllConnections();
    await left;
    await this.listen(port);
  }

  /** Other routes than before (`routes`), from the next request on. */
  routesChanged(): void {
    this.#proxied.setRoutes(this.#proxyRoutes());
  }

  /** Tells heartbeat listeners at once that the pool's health changed. */
  announceHealth(): void {
    this.#heartbeat.beatNow();
  }

  /** Stops accepting, ends the streams, frees the port. */
  async close(): Promise<void> {
    this.#heartbeat.close();
    this.#legacySse.close();
    this.#upgrades.close();
    const closed = closeServer(this.#server);
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => this.#server.closeAllConnections(), closeGraceMs);
    await closed;
    clearTimeout(cut);
    this.#proxied.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { allowedOrigins, pools } = this.#options;
    const path = pathOf(request);
    const isMcp = mcpPath.test(path);
    try {
      checkLocalRequest(request, allowedOrigins);
      if (isMcp && answerCors(request, response, allowedOrigins)) return;
      const principal = this.#principal(request, response, path, isMcp);
      if (principal === undefined) return;
      const legacy = /^(.*)\/(sse|messages)$/.exec(isMcp ? path : '');
      if (legacy?.[2] === 'messages') {
        void this.#legacySse.post(principal, request, response);
        return;
      }
      const pool = poolAt(legacy ? `${legacy[1]}/mcp` : path, pools);
      if (pool === null) this.#ownRoutes(request, response);
      else if (legacy === null) this.#mcp(pool, request, response, principal);
      else {
        const peer = { pool, principal };
        this.#legacySse.open(peer, `${legacy[1]}/messages`, request, response);
      }
    } catch (error) {
      request.resume();
      sendError(response, error);
    }
  }

  /** Who asks; undefined when that was refused. */
  #principal(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    isMcp: boolean,
  ): string | null | undefined {
    const { access } = this.#options;
    if (access === null) return null;
    try {
      return access.check(request, path);
    } catch (error) {
      request.resume();
      response.setHeaders(new Map(Object.entries(challenge(error))));
      if (isMcp && error instanceof CodedError) {
        sendRpcError(response, error.status, error.code, error.message);
      } else sendError(response, error);
      return undefined;
    }
  }

  #takesWebSocket(request: IncomingMessage): boolean {
    const path = pathOf(request).toLowerCase();
    const isOwn = gatewayPaths.some((own) => own !== '/dashboard' && isCovered(path, own));
    return isHandshake(request) && !isOwn && this.#proxied.takesWebSockets(request);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { allowedOrigins, access } = this.#options;
    socket.on('error', () => socket.destroy());
    try {
      checkLocalRequest(request, allowedOrigins);
      access?.check(request, pathOf(request));
      this.#upgrades.admit(socket);
      this.#proxied.upgrade(request, socket, head);
    } catch (error) {
      refuseSocket(socket, { ...refusalOf(error), headers: challenge(error) });
    }
  }

  /** Answers a request to an MCP endpoint from its pool. */
  #mcpRoutes() {
    const options = this.#options;
    const { pools, agent, affinity, logger, onActivity } = options;
    const metrics = options.metrics.gateway;
    const routeTo = (pool: ServedPool | null) =>
      createMcpRoute({
        pool,
        agent,
        affinity,
        metrics,
        logger,
        onActivity,
        get failoverWaitMs() {
          return options.failoverWaitMs;
        },
      });
    const switchedOff = routeTo(null);
    // Pools come and go with the configuration, and their routes with them.
    const routes = new WeakMap<ServedPool, McpRoute>();
    const routeOf = (pool: ServedPool) => {
      const route = routes.get(pool) ?? routeTo(pool);
      routes.set(pool, route);
      return route;
    };
    return (
      pool: string,
      request: IncomingMessage,
      response: ServerResponse,
      principal: string | null,
    ) => {
      // An instance serves MCP at the same path, whatever its server's is here.
      request.url = `/mcp${(request.url ?? '').slice(pathOf(request).length)}`;
      const served = pools.get(pool);
      void (served ? routeOf(served) : switchedOff)(request, response, principal);
    };
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
    app.use(adminConnections(this.#options.connections));
    app.get('/dashboard', (request, response, next) => {
      // The page's own addresses are relative: without the slash they would miss it.
      if (pathOf(request) !== '/dashboard') next();
      else response.redirect(308, request.url.replace('/dashboard', '/dashboard/'));
    });
    app.use((request, response) => {
      this.#proxied.answer(request, response);
    });
    return app;
  }

  #proxyRoutes(): readonly ProxyRoute[] {
    const { routes, fallbackOrigin, pools } = this.#options;
    return [
      ...routes,
      {
        path: '/api/fallback',
        origin: fallbackOrigin,
        refusal: () => ({ status: 503, body: fallbackUnavailable }),
        websocket: false,
        stripPrefix: false,
      },
      {
        path: '/',
        origin: () => pools.get(mainPool)?.primary?.origin ?? null,
        refusal: () => refusalOf(noInstance),
        enter: entryOf(() => pools.get(mainPool)),
        websocket: true,
        stripPrefix: false,
      },
    ];
  }
}

/** The way into a pool for what is none of MCP: one that rests is started, but not by a question after its health. */
export function entryOf(
  pool: () => Pick<ServedPool, 'visit'> | null | undefined,
): NonNullable<ProxyRoute['enter']> {
  return (path, signal) =>
    isHealthPath.test(path) ? null : (pool()?.visit(placementWaitMs, signal) ?? null);
}

/** Monitors ask there again and again, whatever their method: that is no wish for an instance. */
const isHealthPath = /^\/(?:api\/)?health(?:z?$|\/)/i;

/** Where MCP is spoken: refusals there are JSON-RPC, and pages of configured origins may call. */
const mcpPath = /^\/(?:mcp|sse|messages|servers\/.*)$/;

/** The reply that old clients of the fallback API know. */
const fallbackUnavailable = {
  success: false,
  error: 'Fallback API backend is unavailable',
  code: 'fallback_unavailable',
};

const noInstance = new CodedError(
  'instance_unavailable',
  'No MCP instance is running that could answer this.',
);

/** A complete handshake (RFC 6455 §4.1). */
function isHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-key'] !== undefined
  );
}
