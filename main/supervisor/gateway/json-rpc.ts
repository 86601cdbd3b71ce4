/** The little of JSON-RPC that the gateway speaks itself: it answers errors and reads `initialize`. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { ErrorCode } from '../../../shared/errors.ts';
import { sendJson } from '../http/respond.ts';
import { messageEvent } from './event-stream.ts';
import type { RpcMessage } from './rpc-message.ts';

/** Codes of JSON-RPC 2.0 and of MCP; -32001 is what MCP servers answer for an unknown session. */
export const rpcCodes = { parse: -32700, server: -32000, session: -32001 } as const;

/** What clients of JSON-RPC know a reason by. */
function rpcCodeOf(reason: string): number {
  if (reason === 'bad_json') return rpcCodes.parse;
  return reason === 'session_not_found' ? rpcCodes.session : rpcCodes.server;
}

/**
 * Refuses a request with a JSON-RPC error. Clients show its message to people, so it is a sentence with
 * cause and cure. The id is null: not every body that is refused was read, and the status tells the client.
 */
export function sendRpcError(
  response: ServerResponse,
  status: number,
  reason: ErrorCode,
  message: string,
): void {
  sendJson(response, status, {
    jsonrpc: '2.0',
    id: null,
    error: { code: rpcCodeOf(reason), message, data: { code: reason } },
  });
}

/**
 * Ends a call that has no other answer with an error; within its stream, where that has begun. What is no
 * request gets the end of its stream.
 */
export function endCall(
  response: ServerResponse,
  message: RpcMessage,
  sentence: string,
  data: { readonly code: string; readonly retryable?: boolean },
): void {
  if (message.kind !== 'request') {
    response.end();
    return;
  }
  const code = rpcCodeOf(data.code);
  const answer = { jsonrpc: '2.0', id: message.id, error: { code, message: sentence, data } };
  // 200: the exchange worked, the call did not. Clients take other statuses for a broken transport.
  if (!response.headersSent) sendJson(response, 200, answer);
  else response.end(messageEvent(JSON.stringify(answer)));
}

/** What the gateway wants to know of a client; anything else in the body is none of its business. */
const initializeSchema = z.object({
  method: z.literal('initialize'),
  params: z
    .object({
      protocolVersion: z.string().optional(),
      clientInfo: z
        .object({ name: z.string().optional(), version: z.string().optional() })
        .optional(),
    })
    .optional(),
});

export interface Initialize {
  readonly clientName: string | null;
  readonly clientVersion: string | null;
  readonly protocolVersion: string | null;
}

/** Reads a body as an `initialize` request; null when it is anything else. */
export function readInitialize(body: Buffer): Initialize | null {
  // Most bodies are not; looking for the word first spares parsing them.
  if (!body.includes('"initialize"')) return null;
  let message: unknown;
  try {
    message = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  const parsed = initializeSchema.safeParse(message);
  if (!parsed.success) return null;
  const { clientInfo, protocolVersion } = parsed.data.params ?? {};
  return {
    clientName: clientInfo?.name?.slice(0, 200) ?? null,
    clientVersion: clientInfo?.version?.slice(0, 100) ?? null,
    protocolVersion: protocolVersion?.slice(0, 50) ?? null,
  };
}
