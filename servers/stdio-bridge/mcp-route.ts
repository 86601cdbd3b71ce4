/**
 * `/mcp`: which era a request is of, whether it is well-formed, and who takes it. Every refusal is a
 * JSON-RPC error with a sentence; an unknown session is a 404, the one status on which clients open
 * another one (MCP 2025-11-25 transports).
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { headerOf, isModern, legacyVersions, mismatchOf, namesModern } from './era.ts';
import { Exchange } from './exchange.ts';
import { valueAt } from './json-text.ts';
import type { LegacyHost } from './legacy-host.ts';
import { legacyOnly, type ModernHost, notServed } from './modern-host.ts';
import { errorText, type Packet, type RequestPacket, readPackets, rpcCode } from './packet.ts';
import { maxBodyBytes, readBody } from './read-body.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface McpRouteOptions {
  readonly host: LegacyHost;
  readonly sessions: Sessions;
  readonly modern: ModernHost;
}

export class McpRoute {
  readonly #options: McpRouteOptions;

  constructor(options: McpRouteOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    if (method === 'POST') return this.#post(request, response);
    if (method === 'GET') return this.#get(headers, response);
    if (method === 'DELETE') return this.#delete(headers, response);
    response.setHeader('Allow', 'POST, GET, DELETE');
    refuse(response, 405, rpcCode.refused, 'This address takes POST, GET and DELETE.');
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request;
    const wrong = unacceptable(headers);
    if (wrong) return refuse(response, wrong.status, rpcCode.refused, wrong.sentence);
    const text = await readBody(request);
    if (text === null) {
      const sentence = `The body must not exceed ${maxBodyBytes} bytes.`;
      return refuse(response, 413, rpcCode.refused, sentence);
    }
    const packets = readPackets(text);
    if (packets === null)
      return refuse(response, 400, rpcCode.parse, 'The body is not valid JSON.');
    const [packet] = packets;
    if (packet === undefined) {
      return refuse(response, 400, rpcCode.invalidRequest, 'The body holds no JSON-RPC message.');
    }
    if (packets.length > 1) return this.#postLegacy(packets, headers, response);
    if (packet.kind === 'response' ? namesModern(headers) : isModern(headers, packet)) {
      return this.#postModern(packet, headers, response);
    }
    if (packet.kind === 'request' && packet.method === 'initialize') {
      return this.#initialize(packet, response);
    }
    return this.#postLegacy(packets, headers, response);
  }

  #initialize(packet: RequestPacket, response: ServerResponse): void {
    const { sessions } = this.#options;
    if (sessions.isFull) {
      const sentence = `There are ${sessions.size} sessions, as many as this bridge carries.`;
      refuse(response, 503, rpcCode.refused, sentence, idOf(packet));
      return;
    }
    const session = sessions.create(packet);
    keepInUse(response, session);
    sessions.open(packet, new Exchange(response, { answers: 1, flow: session.flow }), session);
  }

  #postLegacy(
    packets: readonly Packet[],
    headers: IncomingHttpHeaders,
    response: ServerResponse,
  ): void {
    const session = this.#sessionOf(headers, response);
    if (session === null) return;
    keepInUse(response, session);
    const { host } = this.#options;
    const requests = packets.filter((packet) => packet.kind === 'request');
    if (requests.some(({ method }) => method === 'initialize')) {
      const sentence = 'initialize must not be part of a batch.';
      refuse(response, 400, rpcCode.invalidRequest, sentence);
      return;
    }
    const others = packets.filter((packet) => packet.kind !== 'request');
    const isTaken = others.map((packet) => host.tell(packet, session)).every(Boolean);
    if (requests.length === 0) {
      acknowledge(response, isTaken);
      return;
    }
    const exchange = new Exchange(response, { answers: requests.length, flow: session.flow });
    for (const packet of requests) host.request(packet, session, exchange);
    exchange.streamWhenSlow();
  }

  async #postModern(
    packet: Packet,
    headers: IncomingHttpHeaders,
    response: ServerResponse,
  ): Promise<void> {
    const { modern } = this.#options;
    const id = idOf(packet);
    try {
      if (!(await modern.isServed())) return sendJson(response, 400, legacyOnly(id));
    } catch (error) {
      return sendJson(response, 200, notServed(id, error));
    }
    if (packet.kind === 'response') {
      const sentence = 'Clients of this version send no responses.';
      return refuse(response, 400, rpcCode.invalidRequest, sentence);
    }
    if (packet.kind === 'notification') return acknowledge(response, modern.tell(packet));
    const mismatch = mismatchOf(headers, packet);
    if (mismatch) return refuse(response, 400, mismatch.code, mismatch.sentence, id);
    modern.request(packet, new Exchange(response, { answers: 1, flow: modern.flow }), id);
  }

  #get(headers: IncomingHttpHeaders, response: ServerResponse): void {
    if (!accepts(headers, 'text/event-stream')) {
      refuse(response, 406, rpcCode.refused, 'A GET must accept text/event-stream.');
      return;
    }
    const session = this.#sessionOf(headers, response);
    if (session === null) return;
    if (session.stream.open(response)) keepInUse(response, session);
    else refuse(response, 409, rpcCode.refused, 'This session has a stream already.');
  }

  #delete(headers: IncomingHttpHeaders, response: ServerResponse): void {
    const session = this.#sessionOf(headers, response);
    if (session === null) return;
    void this.#options.sessions.end(session, 'its client ended it');
    response.writeHead(200).end();
  }

  /** The session that a request names; null when it was refused. */
  #sessionOf(headers: IncomingHttpHeaders, response: ServerResponse): Session | null {
    const id = headerOf(headers, 'mcp-session-id');
    if (id === undefined) {
      refuse(response, 400, rpcCode.refused, 'Bad Request: the Mcp-Session-Id header is missing.');
      return null;
    }
    const session = this.#options.sessions.find(id);
    if (session === undefined) {
      refuse(
        response,
        404,
        rpcCode.sessionNotFound,
        'Session not found: it has ended or never was.',
      );
      return null;
    }
    const version = headerOf(headers, 'mcp-protocol-version');
    if (version !== undefined && version !== session.version && !legacyVersions.has(version)) {
      refuse(response, 400, rpcCode.refused, 'Bad Request: unsupported protocol version.');
      return null;
    }
    return session;
  }
}

function keepInUse(response: ServerResponse, session: Session): void {
  const { release } = session.use();
  response.once('close', release);
}

function acknowledge(response: ServerResponse, isTaken: boolean): void {
  if (isTaken) response.writeHead(202).end();
  else refuse(response, 503, rpcCode.refused, 'The MCP server does not take messages now.');
}

/** Why a POST is refused by its headers alone; null when it is fine. */
function unacceptable(headers: IncomingHttpHeaders): { status: number; sentence: string } | null {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    return { status: 415, sentence: 'Content-Type must be application/json.' };
  }
  if (accepts(headers, 'application/json') && accepts(headers, 'text/event-stream')) return null;
  const sentence = 'A POST must accept both application/json and text/event-stream.';
  return { status: 406, sentence };
}

function accepts({ accept }: IncomingHttpHeaders, type: string): boolean {
  const offered = (accept ?? '')
    .split(',')
    .map((each) => each.split(';', 1)[0]?.trim().toLowerCase());
  return [type, '*/*', type.replace(/\/.*/, '/*')].some((each) => offered.includes(each));
}

function idOf(packet: Packet): string {
  return packet.kind === 'request' ? (valueAt(packet.text, ['id']) ?? 'null') : 'null';
}

/** Answers with a JSON-RPC error; `id` is JSON. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  sentence: string,
  id = 'null',
): void {
  sendJson(response, status, errorText(id, code, sentence));
}

export function sendJson(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(json);
}
