/** What a body says, as far as the gateway must know it to route, count and repeat. */
import { z } from 'zod';

/** Larger bodies are passed on as they come, and never repeated. */
export const maxReadBytes = 1024 * 1024;

const messageSchema = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.looseObject({ name: z.unknown().optional(), uri: z.unknown().optional() }).optional(),
});

export type RpcMessage =
  | {
      readonly kind: 'request';
      readonly id: string | number;
      readonly method: string;
      /** The tool of a `tools/call`. */
      readonly tool: string | null;
      /** The resource of a `resources/…`. */
      readonly uri: string | null;
    }
  | { readonly kind: 'notification'; readonly method: string }
  /** The client's answer to a request of the server. */
  | { readonly kind: 'answer' }
  /** A batch (2025-03-26) or no JSON-RPC at all: the instance deals with it. */
  | { readonly kind: 'other' };

export function readMessage(body: Buffer): RpcMessage {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    return { kind: 'other' };
  }
  const parsed = messageSchema.safeParse(json);
  if (!parsed.success) return { kind: 'other' };
  const { id, method, params } = parsed.data;
  if (method === undefined) return { kind: 'answer' };
  if (id === undefined) return { kind: 'notification', method };
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const tool = method === 'tools/call' ? text(params?.name) : null;
  return { kind: 'request', id, method, tool, uri: text(params?.uri) };
}
