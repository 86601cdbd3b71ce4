/**
 * What a schema cannot say about `[[servers]]` blocks: an MCP server must be told its port, one port serves
 * one instance, and keys of MCP servers mean nothing for other services.
 */
import { minInstances, poolFields } from '../../../shared/config-pool.ts';
import type { ConfigProblem } from '../../../shared/status.ts';
import { isTable, problemAt, valueAt } from './check-schema.ts';
import { isBehind, type KeyPath, keyRange, placeAt, valueRange } from './places.ts';
import type { TomlDocument } from './toml-document.ts';

/** The keys that mean something for MCP servers only. */
const mcpKeys = [
  'shared',
  'min_instances',
  ...Object.keys(poolFields({ maxInstances: 1, basePort: 0 })),
];

/** One block as written. */
interface Block {
  readonly document: TomlDocument;
  readonly path: KeyPath;
  readonly written: Readonly<Record<string, unknown>>;
  readonly name: string;
}

/** Every contradiction of the `[[servers]]` blocks. */
export function serverProblems(document: TomlDocument): ConfigProblem[] {
  const servers = valueAt(document.data, ['servers']);
  return (Array.isArray(servers) ? servers : []).flatMap((written: unknown, index) => {
    if (!isTable(written)) return [];
    const { name } = written;
    const path = ['servers', index];
    return problemsOf({ document, path, written, name: typeof name === 'string' ? name : '' });
  });
}

function problemsOf(block: Block): ConfigProblem[] {
  const { mcp, transport, shared } = block.written;
  if (transport === undefined && mcp !== true) return strayKeys(block);
  const isStdio = transport === 'stdio';
  return [
    ...(mcp === false && transport !== undefined
      ? [problem(block, 'error', 'mcp', 'transport makes it an MCP server: remove one of the two')]
      : []),
    ...(shared === true && !isStdio
      ? [problem(block, 'warning', 'shared', 'has no effect without transport = "stdio"')]
      : []),
    ...(isStdio ? [] : portProblems(block)),
    ...instanceProblems(block),
  ];
}

function strayKeys(block: Block): ConfigProblem[] {
  return mcpKeys
    .filter((key) => block.written[key] !== undefined)
    .map((key) =>
      problem(block, 'warning', key, 'is for MCP servers only: add mcp = true or remove it'),
    );
}

/** A server over HTTP listens where it is told, or where the file says that it does. */
function portProblems(block: Block): ConfigProblem[] {
  const { args, env, port } = block.written;
  const texts = [
    ...(Array.isArray(args) ? args : []),
    ...(isTable(env) ? Object.values(env) : []),
  ].filter((text) => typeof text === 'string');
  if (port !== undefined || texts.some((text) => text.includes('{port}'))) return [];
  const cure =
    'write {port} where it takes its port, for example args = ["server.js", "--port", "{port}"], or set port to the one on which it listens';
  return [problem(block, 'error', 'args', `does not tell the MCP server its port: ${cure}`)];
}

function instanceProblems(block: Block): ConfigProblem[] {
  const { written } = block;
  const isStdio = written['transport'] === 'stdio';
  const most = numberOr(written['max_instances'], 1);
  const least = numberOr(written['min_instances'], isStdio ? 0 : minInstances.fallback);
  const problems: ConfigProblem[] = [];
  if (least > most) {
    const key = laterKey(block, 'min_instances', 'max_instances');
    const text = `min_instances (${least}) must not be greater than max_instances (${most})`;
    problems.push(problem(block, 'error', key, `does not fit: ${text}`));
  }
  if (written['port'] === undefined) return problems;
  if (most > 1) {
    const cure = 'leave max_instances out, or use {port} and base_port instead of port';
    const text = `does not fit: one port serves one instance; ${cure}`;
    problems.push(problem(block, 'error', 'max_instances', text));
  }
  if (written['base_port'] !== undefined) {
    problems.push(problem(block, 'warning', 'base_port', 'has no effect beside port'));
  }
  return problems;
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

function laterKey({ document, path }: Block, first: string, second: string): string {
  const range = (key: string) =>
    placeAt(document.places, [...path, key]) && valueRange(document.places, [...path, key]);
  const [one, other] = [range(first), range(second)];
  if (one === undefined) return second;
  return other !== undefined && isBehind(other, one) ? second : first;
}

/** Flags and lists are at fault as a whole key; numbers by their value. */
function problem(
  { document, path, written, name }: Block,
  severity: 'error' | 'warning',
  key: string,
  text: string,
): ConfigProblem {
  const at = [...path, key];
  const range =
    typeof written[key] === 'number'
      ? valueRange(document.places, at)
      : keyRange(document.places, at);
  return problemAt(range, severity, at, `servers.${key} of "${name}" ${text}`);
}
