/** A client's session at the gateway, over connections that are kept; what comes back is checked by the caller. */
import { type Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answered {
  readonly status: number;
  readonly sessionId: string | undefined;
  /** The JSON-RPC messages of the answer, one, or those of its stream. */
  readonly messages: readonly unknown[];
}

/** Posts one message to `/mcp`; rejects when the connection breaks or nothing comes within `timeoutMs`. */
export async function post(
  target: { readonly port: number; readonly agent: Agent; readonly timeoutMs: number },
  sessionId: string | null,
  message: object,
): Promise<Answered> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request({
      host: '127.0.0.1',
      port: target.port,
      path: '/mcp',
      method: 'POST',
      agent: target.agent,
      signal: AbortSignal.timeout(target.timeoutMs),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(sessionId !== null && { 'mcp-session-id': sessionId }),
      },
    })
      .once('response', resolve)
      .once('error', reject)
      .end(JSON.stringify({ jsonrpc: '2.0', ...message }));
  });
  const body = await text(response);
  const isStream = response.headers['content-type']?.startsWith('text/event-stream') ?? false;
  const minted = response.headers['mcp-session-id'];
  return {
    status: response.statusCode ?? 0,
    sessionId: typeof minted === 'string' ? minted : undefined,
    messages: (isStream ? dataOf(body) : [body]).filter((each) => each !== '').map(parse),
  };
}

/** The data of a stream's events. */
function dataOf(stream: string): readonly string[] {
  return stream.split('\n').flatMap((line) => /^data: (.+)$/.exec(line)?.[1] ?? []);
}

function parse(json: string): unknown {
  return JSON.parse(json);
}

/** Opens a session and returns its id. */
export async function openSession(target: Parameters<typeof post>[0]): Promise<string> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'endurance', version: '1.0.0' },
  };
  const answer = await post(target, null, { id: 1, method: 'initialize', params });
  const { status, sessionId, messages } = answer;
  if (status !== 200 || sessionId === undefined) {
    throw new Error(`no session: ${status} ${JSON.stringify(messages)}`);
  }
  return sessionId;
}
