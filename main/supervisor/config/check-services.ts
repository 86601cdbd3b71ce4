/** Contradictions in what `supervisor.toml` says about how services start: whom they need, when they are ready. */
import type { ConfigProblem } from '../../../shared/status.ts';
import { isTable, problemAt, valueAt } from './check-schema.ts';
import { didYouMean } from './nearest.ts';
import { isBehind, type KeyPath, keyRange, placeAt, valueRange } from './places.ts';
import type { TomlDocument, TomlTable } from './toml-document.ts';

/** A service as the file has it. */
interface Written {
  readonly name: string;
  readonly path: KeyPath;
  readonly section: TomlTable;
  readonly isOn: boolean;
}

const readinessKeys = ['readiness_http', 'readiness_tcp', 'readiness_log'] as const;

export function serviceProblems(document: TomlDocument): ConfigProblem[] {
  const services = writtenServices(document);
  return [
    ...services.flatMap((service) => unknownNeeds(document, service, services)),
    ...circles(document, services),
    ...services.flatMap((service) => readinessProblems(document, service)),
  ];
}

function writtenServices({ data }: TomlDocument): Written[] {
  const builtIn = [
    { name: 'mcp', isOnByDefault: true },
    { name: 'dashboard', isOnByDefault: true },
    { name: 'fallback_api', isOnByDefault: false },
  ].map(({ name, isOnByDefault }) => {
    const section = valueAt(data, [name]);
    const table = isTable(section) ? section : {};
    return {
      name,
      path: [name],
      section: table,
      isOn: (table['enabled'] ?? isOnByDefault) === true,
    };
  });
  const servers = valueAt(data, ['servers']);
  const own = (Array.isArray(servers) ? servers : []).flatMap((section, index): Written[] => {
    if (!isTable(section) || typeof section['name'] !== 'string') return [];
    const isOn = section['enabled'] !== false;
    return [{ name: section['name'].trim(), path: ['servers', index], section, isOn }];
  });
  return [...builtIn, ...own];
}

/** The names that a service needs, each with its place in the list. */
function needsOf({ section }: Written): { readonly name: string; readonly index: number }[] {
  const list = section['depends_on'];
  return (Array.isArray(list) ? list : []).flatMap((name, index) =>
    typeof name === 'string' ? [{ name: name.trim(), index }] : [],
  );
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function unknownNeeds(
  { places }: TomlDocument,
  service: Written,
  services: readonly Written[],
): ConfigProblem[] {
  const names = services.map(({ name }) => name);
  return needsOf(service).flatMap(({ name, index }) => {
    const path = [...service.path, 'depends_on', index];
    const at = (severity: ConfigProblem['severity'], message: string) => [
      problemAt(valueRange(places, path), severity, path.slice(0, -1), message),
    ];
    if (isSame(name, service.name)) return at('error', `"${service.name}" cannot depend on itself`);
    const needed = services.find((each) => isSame(each.name, name));
    if (needed === undefined) {
      const others = names.filter((each) => !isSame(each, service.name));
      return at('error', `depends_on: there is no service "${name}"${hint(name, others)}`);
    }
    if (needed.isOn || !service.isOn) return [];
    return at('warning', `"${needed.name}" is switched off: it is not waited for`);
  });
}

function hint(name: string, names: readonly string[]): string {
  return didYouMean(name, names) || `; known: ${names.join(', ')}`;
}

/** Each circle once, at the need that stands last in the file. */
function circles({ places }: TomlDocument, services: readonly Written[]): ConfigProblem[] {
  const problems = new Map<string, ConfigProblem>();
  const done = new Set<Written>();
  const visit = (service: Written, way: readonly Written[]) => {
    if (done.has(service)) return;
    const start = way.indexOf(service);
    if (start !== -1) {
      const circle = way.slice(start);
      // To itself is said on its own.
      if (circle.length < 2) return;
      const key = circle
        .map(({ name }) => name)
        .toSorted()
        .join('\n');
      problems.set(key, problems.get(key) ?? circleProblem(places, circle));
      return;
    }
    for (const { name } of needsOf(service)) {
      const needed = services.find((each) => isSame(each.name, name));
      if (needed) visit(needed, [...way, service]);
    }
    done.add(service);
  };
  for (const service of services) visit(service, []);
  return [...problems.values()];
}

function circleProblem(places: TomlDocument['places'], circle: readonly Written[]): ConfigProblem {
  const edges = circle.map((service, index) => {
    const next = circle[(index + 1) % circle.length] ?? service;
    const need = needsOf(service).find(({ name }) => isSame(name, next.name));
    return [...service.path, 'depends_on', need?.index ?? 0];
  });
  const last = edges.reduce((one, other) =>
    isBehind(valueRange(places, other), valueRange(places, one)) ? other : one,
  );
  const blamed = edges.indexOf(last);
  const turned = [...circle.slice(blamed), ...circle.slice(0, blamed)];
  const names = [...turned, ...turned.slice(0, 1)].map(({ name }) => name).join(' → ');
  const message = `depends_on goes in a circle, so none of them could start: ${names}`;
  return problemAt(valueRange(places, last), 'error', last.slice(0, -1), message);
}

function readinessProblems({ places }: TomlDocument, service: Written): ConfigProblem[] {
  const { section, path } = service;
  const at = (key: string, message: string) => {
    const place = [...path, key];
    return problemAt(keyRange(places, place), 'error', place, message);
  };
  const given = readinessKeys.filter((key) => placeAt(places, [...path, key]) !== undefined);
  const isServer = path[0] === 'servers';
  if (isServer && (section['mcp'] === true || section['transport'] !== undefined)) {
    return [...given, 'on_supervisor_exit']
      .filter((key) => section[key] !== undefined)
      .map((key) => at(key, `${key} is not for MCP servers: the pool looks after their processes`));
  }
  const [first, second] = given;
  if (first !== undefined && second !== undefined) {
    return [at(second, `${second} and ${first} exclude each other: keep one of them`)];
  }
  if (!isServer || section['port'] !== undefined || first === undefined) return [];
  const needsPort = first === 'readiness_http' || section[first] === true;
  return needsPort
    ? [at(first, `${first} needs to know the port: add, for example, port = 8080`)]
    : [];
}
