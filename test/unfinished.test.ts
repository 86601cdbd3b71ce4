/** Nothing that is left for later, or that makes a run of the tests say less than it seems to. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Put together, so that this file does not find itself. */
const marks = [
  new RegExp(`\\b(${['TO', 'FIX', 'HA'].join('|')})(DO|ME|CK)\\b`),
  new RegExp(`\\b(test|it|describe)\\.${'only'}\\(`),
];

const sources = readdirSync(root, { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() && !/^(\..*|node_modules|out|dist|test-results)$/.test(entry.name),
  )
  .flatMap((entry) =>
    readdirSync(join(root, entry.name), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(entry.name, name),
    ),
  )
  .filter((path) => /\.(tsx?|[cm]?js|css|html|c|md)$/.test(path) && !path.includes('node_modules'));

function unfinished(text: string): readonly string[] {
  return text.split('\n').filter((line) => marks.some((mark) => mark.test(line)));
}

test('no source is marked as unfinished, and no test keeps others from running', () => {
  expect(sources.length).toBeGreaterThan(500);
  const found = sources.flatMap((path) =>
    unfinished(readFileSync(join(root, path), 'utf8')).map((line) => `${path}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

test('the check bites', () => {
  expect(unfinished(`a();\n// TO${'DO'} later\ntest.${'only'}('x', () => {});`)).toHaveLength(2);
  expect(unfinished('test.each([1])\nconst todos = 1;')).toEqual([]);
});
