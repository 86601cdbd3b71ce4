/** Under which licences the packages stand that this program is made of, and those it is made with. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSource } from './architecture/imports.ts';

const root = join(import.meta.dirname, '..');

interface LockedPackage {
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

/** May be passed on within a program under the MIT licence; each only wants to be named. */
const free = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD'];

/** Bind whoever passes the package on or changes it, not whoever runs it: fine for tools. */
const fineForTools = [...free, 'BlueOak-1.0.0', 'MPL-2.0', 'Python-2.0', 'WTFPL', 'Zlib'];

/** Servers of the MCP project that tests run; their package says MIT in its README. */
const saysElsewhere =
  /^node_modules\/@modelcontextprotocol\/server-(everything|filesystem|memory)$/;

/** What is bundled or copied into the program. */
const shippedFolders = ['main', 'preload', 'renderer', 'shared', 'servers', 'client', 'cli'];

/** Whether one of the alternatives, with all of its parts, is allowed: `(MIT AND Zlib) OR GPL-3.0`. */
function isAllowed(license: string | undefined, allowed: readonly string[]): boolean {
  return (license ?? 'none')
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((part) => allowed.includes(part)));
}

/** The packages that a source of the program loads at run time, and those that these need. */
function shippedPackages(): readonly string[] {
  const waiting = [
    ...Object.keys({ ...packages['']?.dependencies, ...packages['']?.optionalDependencies }),
    ...shippedFolders.flatMap(importedBy),
  ];
  const found = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const path = `node_modules/${name}`;
    if (found.has(path) || packages[path] === undefined) continue;
    found.add(path);
    const { dependencies, optionalDependencies } = packages[path];
    waiting.push(...Object.keys({ ...dependencies, ...optionalDependencies }));
  }
  return [...found].sort();
}

function importedBy(folder: string): readonly string[] {
  return (
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(
        (name) => /\.tsx?$/.test(name) && !/\.(test(-helper)?|config)\.tsx?$|fixtures/.test(name),
      )
      .flatMap((name) => {
        const path = `${folder}/${name.replaceAll('\\', '/')}`;
        const { imports } = readSource(path, readFileSync(join(root, path), 'utf8'));
        return imports.filter(({ kind }) => kind === 'value').map(({ specifier }) => specifier);
      })
      .map((specifier) => /^(@[^/]+\/[^/]+|[^./][^/]*)/.exec(specifier)?.[1] ?? '')
      // Its package is an installer; what it installs brings its own licences along.
      .filter((name) => name !== 'electron')
  );
}

test('every package that the program ships may be passed on with it', () => {
  const shipped = shippedPackages();
  expect(shipped).toEqual(
    expect.arrayContaining(['node_modules/react', 'node_modules/express', 'node_modules/koffi']),
  );
  const others = shipped.filter((path) => !isAllowed(packages[path]?.license, free));
  expect(others.map((path) => `${path}: ${packages[path]?.license}`)).toEqual([]);
});

test('beside each bundle stand the licences of the packages in it', () => {
  const bundles = ['main', 'servers', 'servers/dashboard-page', 'renderer', 'cli'];
  for (const bundle of bundles) {
    const text = readFileSync(join(root, 'out', bundle, 'licences.md'), 'utf8');
    const named = [...text.matchAll(/^## (\S+) - \S+ \((.+)\)$/gm)];
    expect(named.length, bundle).toBeGreaterThan(0);
    expect(
      named.filter(([, , license]) => !isAllowed(license, free)).map(([name]) => name),
    ).toEqual([]);
  }
});

test('every package that the program is built and tested with may be used for that', () => {
  const others = Object.entries(packages)
    .filter(([path]) => path !== '' && !saysElsewhere.test(path))
    .filter(([, { license }]) => !isAllowed(license, fineForTools))
    .map(([path, { license }]) => `${path}: ${license}`);
  expect(others).toEqual([]);
});

test('the check bites', () => {
  expect(isAllowed('GPL-3.0-or-later', fineForTools)).toBe(false);
  expect(isAllowed('(MIT OR GPL-3.0-or-later)', free)).toBe(true);
  expect(isAllowed('MIT AND GPL-3.0-or-later', free)).toBe(false);
  expect(isAllowed(undefined, fineForTools)).toBe(false);
});
