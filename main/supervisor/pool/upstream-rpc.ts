/**
 * The few calls that the supervisor makes itself to an instance, in a client's place: opening a session
 * again, and asking which tools may be repeated.
 */
import type { Agent } from 'undici';
import { messageOf } from '../../../shared/errors.ts';
import type { Home } from './sessions.ts';

/** How long an instance may take to answer such a call, in ms. They do no work but the handshake. */
const answerTimeoutMs = 10_000;

/** How long an instance may take to end a session, in ms. */
const endTimeoutMs = 3_000;

/** The most that is read of an answer, in bytes. */
const maxAnswerBytes = 4 * 1024 * 1024;

export interface RpcAnswer {
  readonly status: number;
  /** The session id that the answer carries, if any. */
  readonly sessionId: string | null;
  /** The JSON-RPC message in it; null when there is none. */
  readonly message: unknown;
}

/**
 * Posts one JSON-RPC message; `headers` are those the client sent, but for the codings that it reads and
 * we do not. Throws when the instance is not there.
 */
export async function postRpc(
  agent: Agent,
  origin: string,
  body: Buffer | string,
  headers: readonly string[],
  upstreamId: Home['upstreamId'],
): Promise<RpcAnswer> {
  const signal = AbortSignal.timeout(answerTimeoutMs);
  const own = upstreamId === null ? [] : ['mcp-session-id', upstreamId];
  const plain = headers.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() !== 'accept-encoding'
      ? [name, headers[index + 1] ?? '']
      : [],
  );
  const answer = await agent.request({
    origin,
    path: '/mcp',
    method: 'POST',
    headers: [...plain, ...own],
    body,
    signal,
  });
  const text = await readText(answer.body);
  const sessionId = answer.headers['mcp-session-id'];
  return {
    status: answer.statusCode,
    sessionId: typeof sessionId === 'string' ? sessionId : null,
    message: parseAnswer(text, String(answer.headers['content-type'] ?? '')),
  };
}

/** Ends a session at its instance. A server may refuse that (MCP 2025-11-25, 405) or be gone: no matter. */
export async function endUpstream(agent: Agent, { instance, upstreamId }: Home): Promise<void> {
  const { origin } = instance;
  if (origin === null || upstreamId === null) return;
  try {
    const answer = await agent.request({
      origin,
      path: '/mcp',
      method: 'DELETE',
      headers: { 'mcp-session-id': upstreamId },
      signal: AbortSignal.timeout(endTimeoutMs),
    });
    await answer.body.dump();
  } catch {
    // It ends with its instance, or when the instance reaps it.
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error('the answer of the instance is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The answer itself, or the last message of the stream that it came in. */
function parseAnswer(text: string, type: string): unknown {
  const json = type.startsWith('text/event-stream') ? lastData(text) : text;
  if (json === undefined || json.trim() === '') return null;
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`the instance did not answer in JSON: ${messageOf(error)}`, { cause: error });
  }
}

function lastData(stream: string): string | undefined {
  return stream
    .split(/\r?\n\r?\n/)
    .map((event) => event.split(/\r?\n/).filter((line) => line.startsWith('data:')))
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.slice(5)).join('\n'))
    .findLast((data) => data.trim() !== '');
}
