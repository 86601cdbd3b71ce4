/**
 * The HTTP door on 127.0.0.1: the status page, `POST /control` (any control request) and
 * `GET /control/watch` (snapshots and events as they change, SSE). Everything but the page's own files
 * needs the token: once in the URL (`/?token=…`), which is answered with a cookie and a clean address,
 * or as `Authorization: Bearer`, or in the old header `X-PM-API-Key`. The terminal's WebSocket comes in
 * here too. Where we open a browser ourselves, a ticket stands for the token: other users can read
 * the command line of a browser, and a ticket is worth nothing once it was used.
 */
import { randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import express from 'express';
import { maxLineBytes } from '../../../shared/control-protocol.ts';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import type { StampedEvent } from '../../../shared/events.ts';
import type { StatusSnapshot } from '../../../shared/status.ts';
import { terminalPage, terminalPath } from '../../../shared/terminal-protocol.ts';
import { checkLocalRequest } from '../http/guard.ts';
import { closeServer, listenOnLoopback } from '../http/listen.ts';
import { readBody, sendError, sendJson } from '../http/respond.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Dispatch } from './dispatcher.ts';
import { cookieValue, isSameSecret } from './token.ts';
import type { TokenCheck } from './token-check.ts';

/** What the page may load and do: nothing from elsewhere, no inline script. */
export const pageSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** xterm.js colours what is printed with inline styles. It is alone on its page, and draws text only. */
const terminalSecurityPolicy = pageSecurityPolicy.replace(
  "style-src 'self'",
  "style-src 'self' 'unsafe-inline'",
);

/** What can be opened with a token or ticket in the address. */
const pages = ['/', `/${terminalPage}`];

export interface PageDoorOptions {
  readonly dispatch: Dispatch;
  readonly token: string;
  /** Counts wrong tokens. */
  readonly tokens: Pick<TokenCheck, 'isRight' | 'refuse'>;
  /** Folder with the built page. */
  readonly pageFolder: string;
  readonly onSnapshot: (listener: (snapshot: StatusSnapshot) => void) => () => void;
  readonly onEvents: (listener: (events: readonly StampedEvent[]) => void) => () => void;
  /** Takes over the connection of a page that wants the terminal; null while there is none. */
  readonly terminal: Pick<Terminal, 'upgrade'> | null;
}

/** A page that has not read so much, in bytes, gets no more until it has; then the newest snapshot. */
const maxBacklogBytes = 1024 * 1024;

const pingPeriodMs = 20_000;

/** How long a ticket is good, in ms: a browser that has to start first may take a while. */
const ticketLifeMs = 60_000;

export class PageDoor {
  readonly #options: PageDoorOptions;
  readonly #server: Server;
  readonly #watchers = new Set<ServerResponse>();
  /** Each with the moment until which it is good, in monotonic ms. */
  readonly #tickets = new Map<string, number>();
  #port = 0;
  #host = '127.0.0.1';

  constructor(options: PageDoorOptions) {
    this.#options = options;
    this.#server = createServer(this.#routes());
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** The address without the token; null before `listen`. */
  get url(): string | null {
    return this.#port === 0 ? null : `http://${this.#host}:${this.#port}/`;
  }

  /** An address of this page with a ticket in it; any other address as it is. */
  withTicket(address: string): string {
    const { url } = this;
    const page = pages.find((each) => address === `${url}${each.slice(1)}`);
    if (url === null || page === undefined) return address;
    const now = performance.now();
    for (const [ticket, until] of this.#tickets) if (until < now) this.#tickets.delete(ticket);
    const ticket = randomBytes(32).toString('base64url');
    this.#tickets.set(ticket, now + ticketLifeMs);
    return `${address}?ticket=${ticket}`;
  }

  /** Binds the port; throws `port_taken`. */
  async listen(port: number, host: string): Promise<void> {
    this.#port = await listenOnLoopback(
      this.#server,
      port,
      'status page ([gui_server] port)',
      host,
    );
    this.#host = host === '::1' ? '[::1]' : host;
  }

  async close(): Promise<void> {
    for (const response of this.#watchers) response.end();
    const closed = closeServer(this.#server);
    this.#server.closeAllConnections();
    await closed;
  }

  #routes(): express.Express {
    const app = express();
    app.disable('x-powered-by');
    app.use((request, response, next) => {
      setSecurityHeaders(request.path, response);
      checkPageRequest(request);
      next();
    });
    app.get(pages, (request, response, next) => {
      const { token, ticket } = request.query;
      if (typeof ticket === 'string') this.#redeem(ticket, request.path, response);
      else if (typeof token === 'string') this.#logIn(token, request.path, request, response);
      else next();
    });
    app.get('/health', (_request, response) => sendJson(response, 200, { status: 'ok' }));
    app.use('/control', (request, _response, next) => {
      this.#checkToken(request);
      next();
    });
    app.post('/control', (request, response) => this.#control(request, response));
    app.get('/control/watch', (request, response) => this.#watch(request, response));
    app.use(express.static(this.#options.pageFolder, { index: 'index.html', redirect: false }));
    app.use((_request, response) => {
      sendError(response, new CodedError('not_found', 'There is no such page.'));
    });
    app.use(((error, _request, response, _next) => {
      sendError(response, error);
    }) satisfies express.ErrorRequestHandler);
    return app;
  }

  #redeem(ticket: string, page: string, response: ServerResponse): void {
    const until = this.#tickets.get(ticket) ?? 0;
    // Once: whoever reads it from a command line or a history comes too late.
    this.#tickets.delete(ticket);
    if (until < performance.now()) {
      throw new CodedError('unauthorized', 'This address was good for one visit. Open it anew.');
    }
    this.#letIn(page, response);
  }

  #logIn(token: string, page: string, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#options.tokens.isRight(token)) {
      this.#options.tokens.refuse(request.socket.remoteAddress ?? 'unknown');
      throw new CodedError('unauthorized', 'The token in this address is not valid any more.');
    }
    this.#letIn(page, response);
  }

  /** A cookie, and the same page under its clean address. */
  #letIn(page: string, response: ServerResponse): void {
    response.setHeader(
      'set-cookie',
      `${this.#cookieName}=${cookieValue(this.#options.token)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`,
    );
    response.writeHead(303, { location: page }).end();
  }

  /** Cookies do not know ports; two supervisors on one machine must not overwrite each other's. */
  get #cookieName(): string {
    return `pm_supervisor_${this.#port}`;
  }

  #checkToken(request: IncomingMessage): void {
    const { authorization, cookie } = request.headers;
    const key = request.headers['x-pm-api-key'];
    const bearer = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    const fromCookie = new RegExp(`(?:^|; )${this.#cookieName}=([^;]+)`).exec(cookie ?? '')?.[1];
    const { token } = this.#options;
    const given = bearer ?? (typeof key === 'string' ? key : undefined);
    if (given !== undefined && this.#options.tokens.isRight(given)) return;
    if (fromCookie !== undefined && isSameSecret(fromCookie, cookieValue(token))) return;
    // Without one nobody guesses: it is a page that does not know yet.
    if (given !== undefined) this.#options.tokens.refuse(request.socket.remoteAddress ?? 'unknown');
    throw new CodedError(
      'unauthorized',
      'This needs the token: open the address that the supervisor printed when it started.',
    );
  }

  /** The same questions as for a request: a WebSocket knows no CORS, so Origin is all there is. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { terminal } = this.#options;
    try {
      checkPageRequest(request);
      this.#checkToken(request);
      if (terminal === null || request.url !== terminalPath) {
        throw new CodedError('not_found', 'There is no such page.');
      }
    } catch (error) {
      const status = error instanceof CodedError ? error.status : 500;
      socket.on('error', () => {});
      // A client that keeps its half open would hold up our end.
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n\r\n`);
      return;
    }
    terminal.upgrade(request, socket, head);
  }

  async #control(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, maxLineBytes);
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    } catch (error) {
      throw new CodedError('bad_json', `The body is not valid JSON: ${messageOf(error)}`);
    }
    // The envelope tells success; the HTTP status tells only whether it was delivered.
    sendJson(response, 200, await this.#options.dispatch(json));
  }

  #watch(request: IncomingMessage, response: ServerResponse): void {
    request.socket.setNoDelay(true);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const write = (frame: string) => {
      if (response.writableEnded || response.writableLength > maxBacklogBytes) return false;
      response.write(frame);
      return true;
    };
    const send = (event: string, data: unknown) =>
      write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    let missed: StatusSnapshot | null = null;
    const sendSnapshot = (snapshot: StatusSnapshot) => {
      missed = send('snapshot', snapshot) ? null : snapshot;
    };
    response.on('drain', () => {
      if (missed) sendSnapshot(missed);
    });
    const leave = [
      this.#options.onSnapshot(sendSnapshot),
      this.#options.onEvents((events) => send('events', events)),
    ];
    const ping = setInterval(() => write(': ping\n\n'), pingPeriodMs);
    this.#watchers.add(response);
    response.once('close', () => {
      this.#watchers.delete(response);
      clearInterval(ping);
      for (const each of leave) each();
    });
  }
}

function setSecurityHeaders(path: string, response: ServerResponse): void {
  const isTerminal = path === `/${terminalPage}`;
  const policy = isTerminal ? terminalSecurityPolicy : pageSecurityPolicy;
  response.setHeader('content-security-policy', policy);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
}

/**
 * Stricter than elsewhere: the cookie would go with requests of any page on this machine (a "site" has
 * no port), so a request that names an origin must come from this very page.
 */
function checkPageRequest(request: IncomingMessage): void {
  checkLocalRequest(request);
  const { host, origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new CodedError('forbidden_origin', 'Only the status page itself may call this.');
  }
}
