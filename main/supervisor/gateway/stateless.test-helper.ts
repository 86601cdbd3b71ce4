/** For tests: requests of MCP 2026-07-28, and servers that answer them. */
import type { ServerResponse } from 'node:http';
import { expect } from 'vitest';
import type { Rig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import type { Call } from './http-client.test-helper.ts';
import { type Message, reply, type Seen } from './upstream.test-helper.ts';

const version = '2026-07-28';

/** A request as the SDK sends it; `name` is repeated in its header. */
export function stateless(
  method: string,
  name: string | null = null,
  more: { readonly headers?: Record<string, string>; readonly params?: object } = {},
): Call {
  const param =
    method === 'resources/read' ? 'uri' : method.startsWith('tasks/') ? 'taskId' : 'name';
  const params = {
    ...(name !== null && { [param]: name }),
    ...more.params,
    _meta: { 'io.modelcontextprotocol/protocolVersion': version },
  };
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': version,
      'mcp-method': method,
      ...(name !== null && { 'mcp-name': name }),
      ...more.headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }),
  };
}

/** One request that waits at a server. */
export interface Held {
  /** The number of the instance, from 1. */
  readonly instance: number;
  readonly message: Message;
  readonly response: ServerResponse;
  readonly seen: Seen;
}

const tools = [
  { name: 'look', annotations: { readOnlyHint: true } },
  { name: 'send', annotations: { readOnlyHint: false } },
];

/** Servers that hold the requests with one method, list their tools, and answer the rest with their name. */
export class StatelessServers {
  readonly held: Held[] = [];

  constructor(rig: Rig, heldMethod: string | null = null) {
    for (const [index, { upstream }] of rig.services.entries()) {
      upstream.answer = (request, response, seen) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          seen.body = Buffer.concat(parts);
          const message = JSON.parse(seen.body.toString()) as Message;
          const { id, method } = message;
          const answer = (result: object) => reply(response, 200, { jsonrpc: '2.0', id, result });
          // As the SDK's servers do (MCP 2026-07-28, -32020).
          if (seen.headers['mcp-method'] !== method)
            reply(response, 400, { error: { code: -32020 } });
          else if (method === heldMethod)
            this.held.push({ instance: index + 1, message, response, seen });
          else if (method === 'tools/list') answer({ resultType: 'complete', tools });
          else answer({ server: index + 1 });
        });
      };
    }
  }

  /** The one that came as number `count`, from 1. */
  async until(count: number): Promise<Held> {
    await eventually(() => expect(this.held).toHaveLength(count));
    return this.held[count - 1] as Held;
  }
}

/** The number of the server that answered. */
export function serverOf(text: string): unknown {
  return (JSON.parse(text) as { result: { server: unknown } }).result.server;
}
