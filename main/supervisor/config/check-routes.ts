/** What contradicts itself in `[[proxy.routes]]` and `[auth]`, and what the schema cannot see. */

import { isAddress } from '../../../shared/config-proxy.ts';
import { defaultConfig } from '../../../shared/config-schema.ts';
import type { ConfigProblem } from '../../../shared/status.ts';
import { isTable, problemAt, valueAt } from './check-schema.ts';
import { didYouMean } from './nearest.ts';
import { headerRange, type KeyPath, valueRange } from './places.ts';
import type { TomlDocument, TomlTable } from './toml-document.ts';

/** Built-in services that listen on a port. */
const builtInTargets: readonly string[] = ['mcp', 'dashboard', 'fallback_api'];

const loopbackNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** Two routes with one path, and routes that lead nowhere or back to the gateway. */
export function routeProblems(document: TomlDocument): ConfigProblem[] {
  const section: KeyPath = ['proxy', 'routes'];
  return [
    ...repeated(document, section, 'path', (path) => path),
    ...blocks(document, section).flatMap(([path, route]) => {
      const target = route['target'];
      if (typeof target !== 'string' || target.trim() === '') return [];
      const place = [...path, 'target'];
      const problem = isAddress(target)
        ? loopProblem(document, target)
        : serviceProblem(document, target);
      if (problem === null) return [];
      const range = valueRange(document.places, place);
      return [problemAt(range, problem.severity, place, `proxy.routes.target: ${problem.text}`)];
    }),
  ];
}

/** Clients that cannot be told apart, and clients that nobody asks. */
export function clientProblems(document: TomlDocument): ConfigProblem[] {
  const section: KeyPath = ['auth', 'clients'];
  const { data, places } = document;
  const clients = blocks(document, section);
  const key = valueAt(data, ['auth', 'api_key']);
  const asApiKey = clients
    .filter(([, client]) => typeof key === 'string' && client['token'] === key)
    .map(([path]) => {
      const place = [...path, 'token'];
      const message = 'auth.clients.token: is the api_key; a client needs a token of its own';
      return problemAt(valueRange(places, place), 'error', place, message);
    });
  const isAsked = valueAt(data, ['auth', 'gateway']) === true;
  const first = clients[0]?.[0];
  const unasked =
    isAsked || first === undefined
      ? []
      : [
          problemAt(
            headerRange(places, first),
            'warning',
            first,
            'auth.clients has no effect while the gateway asks nobody: add gateway = true to [auth]',
          ),
        ];
  return [
    ...repeated(document, section, 'name', (name) => name.toLowerCase()),
    ...repeated(document, section, 'token', (token) => token),
    ...asApiKey,
    ...unasked,
  ];
}

/** The blocks of a repeated section, with their paths. */
function blocks({ data }: TomlDocument, section: KeyPath): (readonly [KeyPath, TomlTable])[] {
  const found = valueAt(data, section);
  return (Array.isArray(found) ? found : []).flatMap((block: unknown, index) =>
    isTable(block) ? [[[...section, index], block] as const] : [],
  );
}

/** A text that two blocks of a section share. It is not repeated here: it may be a secret. */
export function repeated(
  document: TomlDocument,
  section: KeyPath,
  key: string,
  sameAs: (text: string) => string,
): ConfigProblem[] {
  const lines = new Map<string, number>();
  return blocks(document, section).flatMap(([path, block]) => {
    const text = block[key];
    if (typeof text !== 'string' || text === '') return [];
    const place = [...path, key];
    const range = valueRange(document.places, place);
    const line = lines.get(sameAs(text));
    if (line === undefined) lines.set(sameAs(text), range.line);
    if (line === undefined) return [];
    const message = `${section.join('.')}.${key}: is the same as at line ${line}`;
    return [problemAt(range, 'error', place, message)];
  });
}

interface Problem {
  readonly severity: ConfigProblem['severity'];
  readonly text: string;
}

function loopProblem({ data }: TomlDocument, target: string): Problem | null {
  if (!URL.canParse(target)) return null;
  const { hostname, port, protocol } = new URL(target);
  const written = valueAt(data, ['mcp', 'port']) ?? defaultConfig.mcp.port;
  const usual = protocol === 'https:' ? 443 : 80;
  const isOurs = Number(port || usual) === written && loopbackNames.includes(hostname);
  return isOurs
    ? { severity: 'error', text: `${JSON.stringify(target)} leads back to the gateway itself` }
    : null;
}

function serviceProblem(document: TomlDocument, target: string): Problem | null {
  const { data } = document;
  const wanted = target.trim().toLowerCase();
  if (builtInTargets.includes(wanted)) {
    const written = valueAt(data, [wanted, 'enabled']);
    return (written ?? valueAt(defaultConfig, [wanted, 'enabled'])) === false ? off(target) : null;
  }
  const servers = blocks(document, ['servers']).map(([, server]) => server);
  const server = servers.find(({ name }) => nameOf(name).toLowerCase() === wanted);
  if (server === undefined) {
    const known = [...builtInTargets, ...servers.map(({ name }) => nameOf(name)).filter(Boolean)];
    const guess = didYouMean(target, known) || `; known: ${known.join(', ')}`;
    return { severity: 'error', text: `there is no service ${JSON.stringify(target)}${guess}` };
  }
  if (server['mcp'] === true || server['transport'] !== undefined) {
    const path = `/servers/${encodeURIComponent(target.trim())}/mcp`;
    const text = `the MCP server ${JSON.stringify(target)} needs no route: it is at ${path}`;
    return { severity: 'error', text };
  }
  if (server['port'] === undefined) {
    const text = `the server ${JSON.stringify(target)} has no port: add its port to [[servers]]`;
    return { severity: 'error', text };
  }
  return server['enabled'] === false ? off(target) : null;
}

function off(target: string): Problem {
  const text = `${JSON.stringify(target)} is switched off (enabled = false): requests will be answered 503`;
  return { severity: 'warning', text };
}

function nameOf(name: unknown): string {
  return typeof name === 'string' ? name.trim() : '';
}
