/**
 * What a schema cannot say: values that are fine alone and contradict each other. Works on the file
 * as written, with defaults for what is absent or wrong, so that these problems show together with
 * those of the schema.
 */
import { pageAddress } from '../../../shared/config-access.ts';
import { defaultConfig } from '../../../shared/config-schema.ts';
import type { ConfigProblem } from '../../../shared/status.ts';
import { clientProblems, repeated, routeProblems } from './check-routes.ts';
import { isTable, problemAt, valueAt } from './check-schema.ts';
import { serverProblems } from './check-servers.ts';
import { serviceProblems } from './check-services.ts';
import {
  headerRange,
  isBehind,
  type KeyPath,
  placeAt,
  type TextRange,
  valueRange,
} from './places.ts';
import type { TomlDocument } from './toml-document.ts';

/** Every contradiction of a file. */
export function contradictions(document: TomlDocument): ConfigProblem[] {
  const fixed = fixedPorts(document);
  return [
    ...orderOf(document, ['mcp', 'pool'], 'min_instances', 'max_instances'),
    ...orderOf(document, ['reconnect'], 'initial_delay_ms', 'max_delay_ms'),
    ...orderOf(document, ['runtime_output'], 'max_file_mb', 'max_total_mb'),
    ...samePorts(fixed),
    ...poolPorts(document, fixed),
    ...sameNames(document),
    ...serverProblems(document),
    ...fallbackProgram(document),
    ...pageForOthers(document),
    ...serviceProblems(document),
    ...repeated(document, ['events', 'sources'], 'name', (name) => name.trim().toLowerCase()),
    ...repeated(document, ['form_apps'], 'name', (name) => name.toLowerCase()),
    ...routeProblems(document),
    ...clientProblems(document),
  ];
}

/** The old supervisor's default; this one's page serves nobody else, whatever the file says. */
function pageForOthers({ data, places }: TomlDocument): ConfigProblem[] {
  const path = ['gui_server', 'bind_address'];
  const written = valueAt(data, path);
  if (typeof written !== 'string' || pageAddress(written) === written) return [];
  const message = `gui_server.bind_address: the page serves only this machine: "${pageAddress(written)}" is taken for "${written}"`;
  return [problemAt(valueRange(places, path), 'warning', path, message)];
}

/** A number of the file, or its default when the file has none there. */
function numberAt({ data }: TomlDocument, path: KeyPath): number {
  const written = valueAt(data, path);
  return typeof written === 'number' ? written : Number(valueAt(defaultConfig, path));
}

function isOn({ data }: TomlDocument, section: KeyPath): boolean {
  const path = [...section, 'enabled'];
  const written = valueAt(data, path);
  // Only `[[servers]]` have no default to look up, and theirs is true.
  return typeof written === 'boolean' ? written : valueAt(defaultConfig, path) !== false;
}

/** The first of two keys must not exceed the second; the problem stands at the later one written. */
function orderOf(document: TomlDocument, section: KeyPath, low: string, high: string) {
  const [lowPath, highPath] = [
    [...section, low],
    [...section, high],
  ];
  const [lowest, highest] = [numberAt(document, lowPath), numberAt(document, highPath)];
  if (!(lowest > highest)) return [];
  const blamed = laterWritten(document, lowPath, highPath);
  const origin = (path: KeyPath) => (placeAt(document.places, path) ? '' : ', its default');
  const message =
    `${lowPath.join('.')} (${lowest}${origin(lowPath)}) must not be greater ` +
    `than ${high} (${highest}${origin(highPath)})`;
  return [problemAt(valueRange(document.places, blamed), 'error', blamed, message)];
}

function laterWritten({ places }: TomlDocument, first: KeyPath, second: KeyPath): KeyPath {
  if (placeAt(places, first) === undefined) return second;
  if (placeAt(places, second) === undefined) return first;
  return isBehind(valueRange(places, first), valueRange(places, second)) ? first : second;
}

interface FixedPort {
  readonly path: KeyPath;
  readonly port: number;
  /** The range of the value, or null when it is the default. */
  readonly range: TextRange | null;
}

/** The ports that this file claims for something that runs, unwritten defaults first. */
function fixedPorts(document: TomlDocument): FixedPort[] {
  const { data, places } = document;
  const servers = valueAt(data, ['servers']);
  const paths: KeyPath[] = [
    ...(valueAt(data, ['supervisor', 'control_tcp']) === false
      ? []
      : [['supervisor', 'control_tcp_port']]),
    ['mcp', 'port'],
    // The built-in terminal has no port of its own.
    ...(typeof valueAt(data, ['interactive_terminal', 'command']) === 'string' &&
    isOn(document, ['interactive_terminal'])
      ? [['interactive_terminal', 'port']]
      : []),
    ...[['gui_server'], ['dashboard'], ['fallback_api']]
      .filter((section) => isOn(document, section))
      .map((section) => [...section, 'port']),
    ...(Array.isArray(servers) ? servers : [])
      .map((_, index) => ['servers', index])
      .filter((section) => isOn(document, section))
      .map((section) => [...section, 'port']),
  ];
  return paths
    .map((path) => {
      const range = placeAt(places, path) === undefined ? null : valueRange(places, path);
      return { path, port: numberAt(document, path), range };
    })
    .filter(({ port }) => Number.isInteger(port) && port > 0)
    .toSorted(inFileOrder);
}

function inFileOrder(left: FixedPort, right: FixedPort): number {
  if (left.range === null || right.range === null)
    return Number(left.range !== null) - Number(right.range !== null);
  return isBehind(left.range, right.range) ? 1 : -1;
}

function samePorts(ports: readonly FixedPort[]): ConfigProblem[] {
  const owners = new Map<number, FixedPort>();
  const problems: ConfigProblem[] = [];
  for (const each of ports) {
    const owner = owners.get(each.port);
    if (owner === undefined) {
      owners.set(each.port, each);
    } else if (each.range !== null) {
      const where = owner.range === null ? 'its default' : `line ${owner.range.line}`;
      const message = `port ${each.port} is already the ${owner.path.join('.')} (${where})`;
      problems.push(problemAt(each.range, 'error', each.path, message));
    }
  }
  return problems;
}

function poolPorts(document: TomlDocument, fixed: readonly FixedPort[]): ConfigProblem[] {
  const basePath = ['mcp', 'pool', 'base_port'];
  const maxPath = ['mcp', 'pool', 'max_instances'];
  const first = numberAt(document, basePath);
  const last = first + numberAt(document, maxPath) - 1;
  if (first === 0 || !isOn(document, ['mcp'])) return [];
  const { places } = document;
  if (first <= 65_535 && last > 65_535) {
    const message = `the pool's ports ${first} to ${last} go beyond 65535`;
    return [problemAt(valueRange(places, basePath), 'error', basePath, message)];
  }
  return fixed
    .filter(({ port }) => port >= first && port <= last)
    .map(({ path, port }) => {
      const blamed =
        [basePath, maxPath].find((each) => placeAt(places, each) !== undefined) ?? path;
      const message = `the pool's ports ${first} to ${last} include ${port}, which is the ${path.join('.')}: the pool will skip it`;
      return problemAt(valueRange(places, blamed), 'warning', blamed, message);
    });
}

function sameNames({ data, places }: TomlDocument): ConfigProblem[] {
  const servers = valueAt(data, ['servers']);
  const seen = new Map<string, number>();
  const problems: ConfigProblem[] = [];
  for (const [index, server] of (Array.isArray(servers) ? servers : []).entries()) {
    const name: unknown = isTable(server) ? server['name'] : undefined;
    if (typeof name !== 'string' || name.trim() === '') continue;
    const path = ['servers', index, 'name'];
    const range = valueRange(places, path);
    const line = seen.get(name.trim().toLowerCase());
    if (line === undefined) seen.set(name.trim().toLowerCase(), range.line);
    else {
      const message = `servers.name: "${name.trim()}" is already the name of the server at line ${line}`;
      problems.push(problemAt(range, 'error', path, message));
    }
  }
  return problems;
}

function fallbackProgram(document: TomlDocument): ConfigProblem[] {
  const { data, places } = document;
  const section = valueAt(data, ['fallback_api']);
  if (!isTable(section) || Object.keys(section).length === 0) return [];
  if (section['enabled'] === true && section['command'] === undefined) {
    const path = ['fallback_api', 'command'];
    const message =
      'fallback_api is enabled but has no command: add, for example, command = "node" and args = ["dist/fallback-rest-main.js"], or set enabled = false';
    return [problemAt(headerRange(places, path), 'error', path, message)];
  }
  if (section['enabled'] !== undefined) return [];
  const path = ['fallback_api', 'enabled'];
  const message = 'fallback_api is off unless enabled = true (the old supervisor had it on)';
  return [problemAt(headerRange(places, ['fallback_api']), 'notice', path, message)];
}
