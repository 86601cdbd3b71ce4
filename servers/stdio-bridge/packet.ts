/** JSON-RPC messages as the bridge sees them: what kind, which method, and their text, untouched. */
import { onOneLine } from './json-text.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

interface Carried {
  /** The message on one line. */
  readonly text: string;
}

export interface RequestPacket extends Carried {
  readonly kind: 'request';
  readonly method: string;
  readonly params: JsonObject;
}

export interface NotificationPacket extends Carried {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: JsonObject;
}

export interface ResponsePacket extends Carried {
  readonly kind: 'response';
  readonly id: unknown;
  /** Null for a result. */
  readonly errorCode: number | null;
  readonly result: JsonObject;
}

export type Packet = RequestPacket | NotificationPacket | ResponsePacket;

/** JSON-RPC 2.0 §5.1, and what MCP servers use beside it (−32000 any refusal, −32001 no such session). */
export const rpcCode = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internal: -32_603,
  refused: -32_000,
  sessionNotFound: -32_001,
  headerMismatch: -32_020,
  missingCapability: -32_021,
  unsupportedVersion: -32_022,
} as const;

/**
 * The messages of a line or body: one, or several in a batch (MCP 2025-03-26). Null when it is no JSON;
 * an empty list when it is JSON but holds something else than JSON-RPC messages.
 */
export function readPackets(text: string): readonly Packet[] | null {
  const value = parse(text);
  if (value === undefined) return null;
  if (!Array.isArray(value)) {
    const packet = packetOf(value, onOneLine(text));
    return packet === null ? [] : [packet];
  }
  const packets = value.map((each: unknown) => packetOf(each, JSON.stringify(each)));
  return packets.every((packet) => packet !== null) ? packets : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function packetOf(value: unknown, text: string): Packet | null {
  if (!isObject(value)) return null;
  const { id, method, error } = value;
  if (typeof method === 'string') {
    const params = objectOr(value['params']);
    if (id === undefined) return { kind: 'notification', method, params, text };
    const isId = typeof id === 'string' || typeof id === 'number';
    return isId ? { kind: 'request', method, params, text } : null;
  }
  if (method !== undefined || !('result' in value || isObject(error))) return null;
  const code = isObject(error) ? error['code'] : undefined;
  const errorCode = isObject(error) ? (typeof code === 'number' ? code : rpcCode.internal) : null;
  return { kind: 'response', id, errorCode, result: objectOr(value['result']), text };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value when it is an object, else an empty one. */
export function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** An error answer; `id` is JSON (`7`, `"a"`, `null`). */
export function errorText(id: string, code: number, message: string, data?: JsonObject): string {
  const error = { code, message, ...(data && { data }) };
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`;
}

/** A good answer; `id` and `result` are JSON. */
export function resultText(id: string, result: string): string {
  return `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
}
