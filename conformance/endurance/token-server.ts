/**
 * `token-server.ts PORT [FILE]`: an MCP server that starts at once and may be killed at any moment. Each
 * call carries a token and is answered with it, after a while, as JSON or as a stream. It has a tool that
 * reads (`look`) and one that does something (`send`): each token of that one becomes a line of FILE.
 * `GET /sessions` tells how many there are.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly name: string; readonly arguments: { readonly token: string } };
}

const [port = '0', file] = process.argv.slice(2);
const tools = [
  { name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  { name: 'send', inputSchema: { type: 'object' } },
];
/** A call is under way for up to so long, in ms: long enough to be killed in the middle of it. */
const longestMs = 20;

const sessions = new Set<string>();
let calls = 0;

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/health') return reply(response, 200, { status: 'ok' });
  if (request.url === '/sessions') return reply(response, 200, { sessions: sessions.size });
  const session = request.headers['mcp-session-id'];
  const isKnown = typeof session === 'string' && sessions.has(session);
  if (request.method === 'GET' && isKnown) {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    return;
  }
  if (request.method === 'DELETE' && isKnown) {
    sessions.delete(session);
    return reply(response, 200, {});
  }
  const message = (await json(request)) as Message;
  if (message.method === 'initialize') initialize(message, response);
  else if (isKnown) answer(message, response);
  else reply(response, 404, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'gone' } });
}

function initialize({ id }: Message, response: ServerResponse): void {
  const session = randomUUID();
  sessions.add(session);
  response.setHeader('mcp-session-id', session);
  const serverInfo = { name: 'token-server', version: '1.0.0' };
  const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo };
  reply(response, 200, { jsonrpc: '2.0', id, result });
}

function answer({ id, method, params }: Message, response: ServerResponse): void {
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  if (method !== 'tools/call' || params === undefined) {
    reply(response, 200, { jsonrpc: '2.0', id, result: method === 'tools/list' ? { tools } : {} });
    return;
  }
  const { token } = params.arguments;
  // Written before anything is answered, so that a kill cannot come between.
  if (params.name === 'send' && file !== undefined) appendFileSync(file, `${token}\n`);
  calls += 1;
  const isStream = calls % 3 === 0;
  const message = { jsonrpc: '2.0', id, result: { token, content: [] } };
  if (isStream) response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  setTimeout(() => {
    if (isStream) response.end(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
    else reply(response, 200, message);
  }, calls % longestMs);
}

createServer((request, response) => {
  take(request, response).catch(() => response.destroy());
}).listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit());
