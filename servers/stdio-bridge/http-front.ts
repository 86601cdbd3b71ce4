/** Where the bridge listens: `/mcp` and `/health`, on 127.0.0.1, for this machine only. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refusalOf } from './guard.ts';
import { refuse, sendJson } from './mcp-route.ts';
import { rpcCode } from './packet.ts';

/** Longer than clients and gateways keep an idle connection: they close it, never meet it closed. */
const keepAliveTimeoutMs = 75_000;

export interface HttpFrontOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly mcp: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly health: () => unknown;
  readonly onError: (error: unknown) => void;
}

export interface HttpFront {
  readonly port: number;
  /** Nothing new is taken. */
  readonly refuseNew: () => void;
  /** Breaks what is still open: a gateway sees that this instance is gone, and acts on it. */
  readonly close: () => Promise<void>;
}

/** Listens; rejects when the port is taken. */
export async function startHttpFront(options: HttpFrontOptions): Promise<HttpFront> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = refusalOf(request.headers);
    if (refusal) return refuse(response, 403, rpcCode.refused, refusal);
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path === '/mcp') return options.mcp(request, response);
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    if (path === '/health' && isReading) {
      return sendJson(response, 200, JSON.stringify(options.health()));
    }
    const sentence = `There is nothing at ${path.slice(0, 100)}; MCP is at /mcp.`;
    refuse(response, 404, rpcCode.refused, sentence);
  };
  const http = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      // The client went away: there is nobody to answer, and nothing that we did wrong.
      if (response.destroyed) return;
      options.onError(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, rpcCode.internal, 'The bridge made a mistake; see its log.');
    });
  });
  http.listen(options.port, '127.0.0.1');
  await once(http, 'listening');
  const closed = once(http, 'close');
  return {
    port: (http.address() as AddressInfo).port,
    refuseNew: () => http.close(),
    close: async () => {
      http.closeAllConnections();
      await closed;
    },
  };
}
