/** What a body says, as far as the gateway must know it to route, count and repeat. */

/** Larger bodies are passed on as they come, and never repeated. */
export const maxReadBytes = 1024 * 1024;

/** Roots kept of a client, and characters of each: enough for people to know it by. */
const maxRoots = 50;
const maxRootChars = 1_000;

export type RpcId = string | number;

export type RpcMessage =
  | {
      readonly kind: 'request';
      readonly id: RpcId;
      readonly method: string;
      /** The tool of a `tools/call`. */
      readonly tool: string | null;
      /** The resource of a `resources/…`. */
      readonly uri: string | null;
      /** The task of a `tasks/…`. */
      readonly taskId: string | null;
    }
  | { readonly kind: 'notification'; readonly method: string }
  /** The client's answer to a request of the server. */
  | {
      readonly kind: 'answer';
      readonly id: RpcId | null;
      /** The URIs of an answer to `roots/list`; null for any other. */
      readonly roots: readonly string[] | null;
    }
  /** A batch (2025-03-26) or no JSON-RPC at all: the instance deals with it. */
  | { readonly kind: 'other' };

/** Never throws. Written by hand: it runs for every call, and a schema costs more than the rest of it. */
export function readMessage(body: Buffer): RpcMessage {
  const message = parseObject(body.toString('utf8'));
  if (message === null) return { kind: 'other' };
  const { id, method, result } = message;
  if (!isId(id) && id !== undefined) return { kind: 'other' };
  if (method === undefined) return { kind: 'answer', id: id ?? null, roots: rootsOf(result) };
  if (typeof method !== 'string') return { kind: 'other' };
  if (id === undefined) return { kind: 'notification', method };
  const params = fields(message['params']);
  const tool = method === 'tools/call' ? text(params['name']) : null;
  const taskId = method.startsWith('tasks/') ? text(params['taskId']) : null;
  return { kind: 'request', id, method, tool, uri: text(params['uri']), taskId };
}

/** A JSON object; null for anything else. */
export function parseObject(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The fields of an object; none of anything else. */
export function fields(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

export function isId(value: unknown): value is RpcId {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function rootsOf(result: unknown): readonly string[] | null {
  const { roots } = fields(result);
  if (!Array.isArray(roots)) return null;
  return roots
    .slice(0, maxRoots)
    .map((root) => text(fields(root)['uri'])?.slice(0, maxRootChars))
    .filter((uri) => uri !== undefined);
}
