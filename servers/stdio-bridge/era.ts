/**
 * Which era of MCP a request belongs to, and whether a request of the stateless one (2026-07-28 on) says
 * in its headers what it says in its body.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type NotificationPacket, objectOr, type RequestPacket, rpcCode } from './packet.ts';

export const firstModernVersion = '2026-07-28';
const versionKey = 'io.modelcontextprotocol/protocolVersion';

/** The versions with sessions; what a client may name in its header. */
export const legacyVersions: ReadonlySet<string> = new Set([
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
]);

type Said = RequestPacket | NotificationPacket;

/** The body decides; only the stateless era names a version in it. `initialize` is what it has not. */
export function isModern(headers: IncomingHttpHeaders, packet: Said): boolean {
  if (claimedVersion(packet) !== undefined) return true;
  return packet.method !== 'initialize' && namesModern(headers);
}

/** True when the version header names the stateless era. */
export function namesModern(headers: IncomingHttpHeaders): boolean {
  const version = headerOf(headers, 'mcp-protocol-version') ?? '';
  return /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= firstModernVersion;
}

export interface Refusal {
  readonly code: number;
  readonly sentence: string;
}

/** Where each method's `Mcp-Name` comes from (MCP 2026-07-28, and its tasks extension). */
const nameSources: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/** Why a modern request is refused with 400; null when its headers and body agree. */
export function mismatchOf(headers: IncomingHttpHeaders, packet: RequestPacket): Refusal | null {
  const version = claimedVersion(packet);
  if (typeof version !== 'string') {
    return { code: rpcCode.invalidParams, sentence: `params._meta["${versionKey}"] is missing.` };
  }
  const { method, params } = packet;
  const field = Object.hasOwn(nameSources, method) ? nameSources[method] : undefined;
  const name = field === undefined ? undefined : params[field];
  return (
    differ(headers, 'MCP-Protocol-Version', version) ??
    differ(headers, 'Mcp-Method', method) ??
    (typeof name === 'string' ? differ(headers, 'Mcp-Name', name) : null)
  );
}

function differ(headers: IncomingHttpHeaders, name: string, expected: string): Refusal | null {
  const said = headerOf(headers, name.toLowerCase());
  if (said !== undefined && decoded(said) === expected) return null;
  const sentence =
    said === undefined
      ? `Header mismatch: the ${name} header is missing.`
      : `Header mismatch: the ${name} header does not say what the body says.`;
  return { code: rpcCode.headerMismatch, sentence };
}

/** Values that a header cannot hold come as `=?base64?…?=`. */
function decoded(value: string): string {
  const coded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)?.[1];
  return coded === undefined ? value : Buffer.from(coded, 'base64').toString('utf8');
}

function claimedVersion({ params }: Said): unknown {
  return objectOr(params['_meta'])[versionKey];
}

export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
