/**
 * The arrows of docs/architecture.md as functions: entries → desktop → supervisor → rooms → shared. Each rule gets
 * one import and answers with the reason why it must not be, or with nothing.
 */
import { builtinModules } from 'node:module';
import type { ImportRecord, SourceFile } from './imports.ts';

export type ImportRule = (each: ImportRecord) => string | undefined;

/** What every room may use: it is not a room but the ground that rooms stand on. */
const ground = new Set(['telemetry', 'config', 'http']);

const isTest = (path: string) =>
  /\.test\.tsx?$/.test(path) || /^(test|e2e|bench|faults)\//.test(path);
const isIn = (path: string, ...folders: readonly string[]) =>
  folders.some((folder) => path.startsWith(`${folder}/`));
const isProjectFile = ({ specifier }: ImportRecord) => specifier.startsWith('.');
const isEntry = (path: string) => /^main\/[^/]+\.tsx?$/.test(path);
/** `@scope/name/sub` → `@scope/name`. */
const packageOf = (specifier: string) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[1] ?? specifier;
const isNode = ({ specifier }: ImportRecord) =>
  specifier.startsWith('node:') || builtinModules.includes(specifier);

/** `main/supervisor/pool/x.ts` → `pool`; undefined for what lies in `main/supervisor/` itself. */
const roomOf = (path: string) => /^main\/supervisor\/([^/]+)\//.exec(path)?.[1];

/** `electron` exists in the desktop program only; everything else also runs headless or in a browser. */
export const electronStaysOnTheDesktop: ImportRule = ({ from, specifier }) => {
  if (packageOf(specifier) !== 'electron') return undefined;
  if (from === 'main/index.ts' || isIn(from, 'main/desktop', 'preload', 'e2e/double')) {
    return undefined;
  }
  return 'only main/index.ts, main/desktop/ and preload/ may import Electron';
};

/** The renderer is a web page: it knows the contracts and packages, neither Node nor the main process. */
export const rendererIsAWebPage: ImportRule = (each) => {
  if (!isIn(each.from, 'renderer')) return undefined;
  if (isNode(each)) return 'renderer/ runs in a browser, which has no Node modules';
  if (!isProjectFile(each) || isIn(each.target, 'renderer', 'shared')) return undefined;
  return 'renderer/ may import only renderer/ and shared/';
};

/** Contracts are imported by both sides, so they may need nothing that one of them lacks. */
export const sharedNeedsNothing: ImportRule = (each) => {
  if (!isIn(each.from, 'shared') || isTest(each.from)) return undefined;
  if (isProjectFile(each) && isIn(each.target, 'shared')) return undefined;
  return packageOf(each.specifier) === 'zod'
    ? undefined
    : 'shared/ may import only shared/ and zod';
};

/** The core knows neither of its hosts, nor anything that is built on top of it. */
export const supervisorKnowsNoHost: ImportRule = (each) => {
  if (!isIn(each.from, 'main/supervisor') || !isProjectFile(each)) return undefined;
  const isAbove =
    isEntry(each.target) ||
    isIn(each.target, 'main/desktop', 'preload', 'renderer', 'client', 'cli', 'e2e', 'scripts');
  if (!isAbove || (isTest(each.from) && isIn(each.target, 'client'))) return undefined;
  return 'main/supervisor/ may import nothing of its hosts or of what is built on it';
};

/** Rooms meet through interfaces that supervisor.ts passes in: a type may be named, code may not be used. */
export const roomsKeepToThemselves: ImportRule = (each) => {
  const room = roomOf(each.from);
  const other = roomOf(each.target);
  if (!room || !other || room === other || ground.has(other) || each.kind === 'type') {
    return undefined;
  }
  return `the room ${room}/ may not import code of the room ${other}/`;
};

/** Whoever hosts the supervisor uses it whole: rooms are wired in main/supervisor/ itself. */
export const onlyTheRootWiresRooms: ImportRule = (each) => {
  const other = roomOf(each.target);
  const isWiring = isIn(each.from, 'main/supervisor');
  if (!other || ground.has(other) || each.kind === 'type' || isWiring || isTest(each.from)) {
    return undefined;
  }
  return `code of the room ${other}/ may be imported only by files directly in main/supervisor/`;
};

/** Entries are tables of contents; the headless one must start where there is no Electron. */
export const entriesOnlyCompose: ImportRule = (each) => {
  if (!isEntry(each.from) || isTest(each.from) || !isProjectFile(each)) return undefined;
  if (each.from === 'main/headless.ts' && isIn(each.target, 'main/desktop')) {
    return 'main/headless.ts may not import main/desktop/, which needs Electron';
  }
  // The program's version is declared in package.json and nowhere else.
  if (isIn(each.target, 'main', 'shared') || each.target === 'package.json') return undefined;
  return 'an entry may import only main/ and shared/';
};

/**
 * Clients and bundled servers are programs of their own: they meet the supervisor on the wire. Where its
 * files are and what its configuration means, they know from the same code.
 */
export const othersMeetItOnTheWire: ImportRule = (each) => {
  if (!isIn(each.from, 'client', 'cli', 'servers') || isTest(each.from)) return undefined;
  if (!isIn(each.target, 'main', 'preload', 'renderer')) return undefined;
  if (isIn(each.from, 'client', 'cli') && isIn(each.target, 'main/supervisor/config')) {
    return undefined;
  }
  return 'client/, cli/ and servers/ may not import the supervisor or its windows';
};

/** A file that only re-exports hides where things live and makes import cycles. */
export function isNoBarrel({ onlyReExports }: SourceFile): string | undefined {
  return onlyReExports ? 'it only re-exports: import from where things are declared' : undefined;
}

/** @param exceptions path → the number of lines it may have */
export function isShortEnough(
  { path, lines }: SourceFile,
  maxLines: number,
  exceptions: ReadonlyMap<string, number> = new Map(),
): string | undefined {
  const allowed = exceptions.get(path) ?? maxLines;
  return lines > allowed ? `it has ${lines} lines, more than ${allowed}: split it` : undefined;
}

/**
 * The first way along which `entry` loads the package at run time, as the files passed; undefined if none.
 * Rules on single imports cannot see this: each step may be allowed.
 */
export function wayTo(
  packageName: string,
  entry: string,
  files: ReadonlyMap<string, SourceFile>,
): readonly string[] | undefined {
  const waiting: (readonly string[])[] = [[entry]];
  const seen = new Set([entry]);
  for (const way of waiting) {
    for (const each of files.get(way.at(-1) ?? '')?.imports ?? []) {
      if (each.kind === 'type') continue;
      if (packageOf(each.specifier) === packageName) return [...way, each.specifier];
      if (seen.has(each.target)) continue;
      seen.add(each.target);
      waiting.push([...way, each.target]);
    }
  }
  return undefined;
}
