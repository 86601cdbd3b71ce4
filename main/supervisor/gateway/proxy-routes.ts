/**
 * Paths that lead to other programs: those of the configuration, the dashboard, the fallback API, and the
 * MCP pool's primary instance for whatever is left. The longest path decides. Requests and WebSockets
 * are carried by http-proxy-middleware; here it is told where to, and what must not go along: headers
 * of the connection, and what a client claims about itself in X-Forwarded-…, for anybody can claim that.
 */
import { Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyMiddleware, type RequestHandler } from 'http-proxy-middleware';
import { isCovered } from '../../../shared/config-proxy.ts';
import { sendJson } from '../http/respond.ts';
import type { Logger } from '../telemetry/logger.ts';
import { HangUp } from './hang-up.ts';
import { removeConnectionHeaders, sendHead } from './headers.ts';
import { type Refusal, refusalOf, refuseSocket } from './refuse-socket.ts';
import type { Upgrades } from './upgrades.ts';

export interface ProxyRoute {
  /** Covers all below it; `/` covers everything. */
  readonly path: string;
  /** Where to at the moment, perhaps with a path: `http://127.0.0.1:3459`; null while nobody is there. */
  readonly origin: () => string | null;
  /** The answer while nobody is there, or does not answer. */
  readonly refusal: () => Refusal;
  /**
   * Sees to it that somebody is there, and counts the request until what it resolves with is called; throws
   * why nobody came. Null for a request that is not worth a start; absent where nothing is ever started.
   * `path` is what the target will be asked for.
   */
  readonly enter?: (path: string, signal: AbortSignal) => Promise<() => void> | null;
  readonly websocket: boolean;
  readonly stripPrefix: boolean;
}

/** How long a server may take to agree to a WebSocket, in ms. */
const handshakeMs = 10_000;

interface Carried {
  readonly route: ProxyRoute;
  /** Made for the first request; null until then. */
  proxy: RequestHandler | null;
}

export class ProxyRoutes {
  #carried: readonly Carried[] = [];
  readonly #upgrades: Upgrades;
  readonly #logger: Logger;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });

  /** Of two routes with one path the first counts. */
  constructor(routes: readonly ProxyRoute[], upgrades: Upgrades, logger: Logger) {
    this.#upgrades = upgrades;
    this.#logger = logger;
    this.setRoutes(routes);
  }

  /** Other routes for what comes from now on; what is being carried goes on. */
  setRoutes(routes: readonly ProxyRoute[]): void {
    this.#carried = routes
      .toSorted((left, right) => right.path.length - left.path.length)
      .map((route) => ({ route, proxy: null }));
  }

  /** Answers a request that a route covers; false when none does. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const carried = this.#at(request);
    if (carried === undefined) return false;
    const { route } = carried;
    const entered = route.enter?.(targetPath(request, route), new HangUp(response).signal) ?? null;
    if (entered === null) this.#carry(carried, request, response);
    else
      entered.then(
        (leave) => {
          if (response.closed) return leave();
          response.once('close', leave);
          this.#carry(carried, request, response);
        },
        (error: unknown) => refuse(request, response, refusalOf(error)),
      );
    return true;
  }

  #carry(carried: Carried, request: IncomingMessage, response: ServerResponse): void {
    const { route } = carried;
    const proxy = this.#proxyOf(carried);
    if (proxy === null) {
      refuse(request, response, route.refusal());
      return;
    }
    prepare(request, route);
    void proxy(request, response);
  }

  /** Whether a WebSocket may be opened at the request's path. */
  takesWebSockets(request: IncomingMessage): boolean {
    return this.#at(request)?.route.websocket === true;
  }

  /** Carries a checked and admitted WebSocket handshake. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const carried = this.#at(request);
    if (carried === undefined || !carried.route.websocket) {
      const body = { ok: false, error: 'No WebSocket is offered here.', code: 'not_found' };
      refuseSocket(socket, { status: 404, body });
      return;
    }
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    const { route } = carried;
    const entered = route.enter?.(targetPath(request, route), gone.signal) ?? null;
    if (entered === null) this.#carryUpgrade(carried, request, socket, head);
    else
      entered.then(
        (leave) => {
          if (socket.closed) return leave();
          socket.once('close', leave);
          this.#carryUpgrade(carried, request, socket, head);
        },
        (error: unknown) => refuseSocket(socket, refusalOf(error)),
      );
  }

  #carryUpgrade(carried: Carried, request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { route } = carried;
    const proxy = this.#proxyOf(carried);
    if (proxy === null) {
      refuseSocket(socket, route.refusal());
      return;
    }
    prepare(request, route);
    request.headers.connection = 'Upgrade';
    request.headers.upgrade = 'websocket';
    proxy.upgrade(request, socket, head);
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #at(request: IncomingMessage): Carried | undefined {
    const path = pathOf(request);
    return this.#carried.find(({ route }) => isCovered(path, route.path));
  }

  /** Null while nobody is there. */
  #proxyOf(carried: Carried): RequestHandler | null {
    const origin = carried.route.origin();
    if (origin === null) return null;
    const agent = origin.startsWith('https:') ? this.#https : this.#http;
    carried.proxy ??= this.#proxyFor(carried.route, agent);
    return carried.proxy;
  }

  #proxyFor(route: ProxyRoute, agent: HttpAgent): RequestHandler {
    return createProxyMiddleware({
      // Replaced by the router; nobody is asked while it has no answer.
      target: 'http://127.0.0.1',
      router: () => route.origin() ?? '',
      changeOrigin: true,
      agent,
      pathRewrite: (url) => withoutPrefix(url, route),
      upgradeTimeout: handshakeMs,
      on: {
        proxyRes: (answer, _request, response) => {
          removeConnectionHeaders(answer.headers);
          // The proxy copies the head after this; an idle stream must show it before its first event.
          queueMicrotask(() => sendHead(response));
        },
        proxyReqWs: (outgoing, _request, client) => {
          outgoing.once('upgrade', (_answer, server: Socket) => {
            // The proxy sets the sockets up after this, and would undo what `join` sets.
            queueMicrotask(() => this.#upgrades.join(client, server));
          });
        },
        error: (error, request, target) => this.#failed(route, error, request, target),
      },
    });
  }

  #failed(
    route: ProxyRoute,
    error: Error,
    request: IncomingMessage,
    target: ServerResponse | Duplex,
  ): void {
    if (!('headersSent' in target) && (target.destroyed || this.#upgrades.isJoined(target))) {
      // One of two that belong together was reset: an end like any other.
      target.destroy();
      return;
    }
    this.#logger.warn({ err: error, path: pathOf(request) }, 'pass-through failed');
    const refusal = route.refusal();
    if ('headersSent' in target) sendJson(target, refusal.status, refusal.body);
    else refuseSocket(target, refusal);
  }
}

/** The path of a request, without its query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  request.resume();
  if (!response.closed) sendJson(response, refusal.status, refusal.body);
}

function targetPath(request: IncomingMessage, route: ProxyRoute): string {
  return withoutPrefix(pathOf(request), route);
}

function withoutPrefix(url: string, { stripPrefix, path }: ProxyRoute): string {
  if (!stripPrefix) return url;
  const rest = path === '/' ? url : url.slice(path.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Takes out what stays here, and says where the request came from; what the client says of that is dropped. */
function prepare({ headers, socket }: IncomingMessage, { path, stripPrefix }: ProxyRoute): void {
  const { host = '' } = headers;
  removeConnectionHeaders(headers);
  for (const name of Object.keys(headers)) {
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete headers[name];
  }
  headers['x-forwarded-for'] = socket.remoteAddress ?? 'unknown';
  headers['x-forwarded-host'] = host;
  headers['x-forwarded-proto'] = 'http';
  if (stripPrefix && path !== '/') headers['x-forwarded-prefix'] = path;
}
