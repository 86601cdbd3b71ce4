/**
 * Clients of the oldest HTTP transport (MCP 2024-11-05, HTTP+SSE): `GET /sse` opens a stream whose first
 * event names an address, the client posts its messages there, and the answers come in the stream.
 *
 * Each such client is turned into a client of our own MCP route, which has sessions, placement, failover
 * and stdio servers. The session lives exactly as long as the stream (reference S3): there is no
 * resumption, and when the stream ends the session is ended at the instance, too. Servers that offer this
 * transport only are not reached by it: the pool needs Streamable HTTP or stdio.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError, codeOf, messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { requestHeaders } from './forward.ts';
import { InProcessHttp } from './in-process-http.ts';
import { sendRpcError } from './json-rpc.ts';
import { LegacyClient } from './legacy-client.ts';
import { discardBody, wholeBody } from './request-body.ts';
import { markLegacySse } from './transport-of.ts';

/** Whom a message is for, and from whom it is. */
export interface LegacyPeer {
  /** The key of the pool. */
  readonly pool: string;
  readonly principal: string | null;
}

export interface LegacySseOptions {
  /** Our own MCP route. */
  readonly ask: (request: IncomingMessage, response: ServerResponse, peer: LegacyPeer) => void;
  /** Silence after which a comment is sent, in ms, so that nobody in between closes the stream. */
  readonly keepAliveMs: number;
  readonly logger: Logger;
}

/** More than the old clients of one developer; each keeps a few connections. */
const maxClients = 1_000;

/** Said anew for each exchange, or of no meaning in another transport. Compressed text could not be read. */
const notPassedOn: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'content-type',
  'last-event-id',
  'mcp-protocol-version',
  'mcp-session-id',
]);

export class LegacySse {
  readonly #options: LegacySseOptions;
  readonly #http: InProcessHttp<LegacyPeer>;
  readonly #clients = new Map<string, LegacyClient>();

  constructor(options: LegacySseOptions) {
    this.#options = options;
    this.#http = new InProcessHttp((request, response, peer) => {
      markLegacySse(request);
      options.ask(request, response, peer);
    });
  }

  /** `GET …/sse`; `messagesPath` is where this client shall post. */
  open(
    peer: LegacyPeer,
    messagesPath: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (request.method !== 'GET') {
      refuseMethod(request, response, 'GET');
      return;
    }
    if (this.#clients.size >= maxClients) {
      refuse(request, response, 'overloaded', `${maxClients} clients are connected already.`);
      return;
    }
    const client = new LegacyClient({
      response,
      messagesPath,
      headers: requestHeaders(request, true, { omit: notPassedOn }),
      call: (call) => this.#http.call(peer, call),
      keepAliveMs: this.#options.keepAliveMs,
      principal: peer.principal,
      logger: this.#options.logger,
    });
    this.#clients.set(client.id, client);
    response.once('close', () => this.#clients.delete(client.id));
    request.socket.setKeepAlive(true);
  }

  /** `POST …/messages?sessionId=…`: answered before the message is. */
  async post(
    principal: string | null,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (request.method !== 'POST') {
      refuseMethod(request, response, 'POST');
      return;
    }
    try {
      const client = this.#clientOf(principal, request.url ?? '');
      const body = await wholeBody(request);
      client.take(body, requestHeaders(request, true, { omit: notPassedOn }));
      response.writeHead(202, { 'content-type': 'text/plain' }).end('Accepted');
    } catch (error) {
      if (response.destroyed) return;
      const known = error instanceof CodedError;
      if (!known) this.#options.logger.warn({ err: error }, 'a message was not taken');
      discardBody(request);
      sendRpcError(response, known ? error.status : 500, codeOf(error), messageOf(error));
    }
  }

  /** Ends all streams. */
  close(): void {
    for (const client of this.#clients.values()) client.end();
    this.#http.close();
  }

  /** A session is found only by whom it belongs to (MCP 2025-11-25 security, session hijacking). */
  #clientOf(principal: string | null, url: string): LegacyClient {
    const id = new URL(url, 'http://localhost').searchParams.get('sessionId');
    if (id === null || id === '') {
      throw new CodedError(
        'bad_request',
        'The address has no sessionId. Post to the address that the first event of the stream names.',
      );
    }
    const client = this.#clients.get(id);
    if (client?.principal === principal) return client;
    throw new CodedError(
      'session_not_found',
      'Session not found. Open the stream of events again, and initialize.',
    );
  }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  code: 'bad_request' | 'overloaded',
  message: string,
): void {
  discardBody(request);
  const { status } = new CodedError(code, message);
  sendRpcError(response, status, code, message);
}

/** 405 is what tells clients that try Streamable HTTP first that this is the older transport. */
function refuseMethod(request: IncomingMessage, response: ServerResponse, allowed: string): void {
  discardBody(request);
  response.setHeader('allow', allowed);
  const message = `This address of the HTTP+SSE transport takes ${allowed}; Streamable HTTP is at /mcp.`;
  sendRpcError(response, 405, 'bad_request', message);
}
