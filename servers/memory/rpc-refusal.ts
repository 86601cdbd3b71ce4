/** Answers an HTTP request with a JSON-RPC error that belongs to no single request. */
import type { ServerResponse } from 'node:http';

export function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }));
}
