/** The documents: whatever they point to is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../cli/commands.ts';
import {
  anchorsOf,
  brokenLinks,
  namedTests,
  readDocument,
  readDocuments,
  whyNoTest,
} from './documents.ts';

const root = join(import.meta.dirname, '..');
const documents = readDocuments();
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** `status`, `config check`: commands have one word or two. */
const isCommand = (words: string) =>
  commands.some(({ name }) => words === name || words.startsWith(`${name} `));

test('every link leads to a file and a heading that are there', () => {
  expect(documents.flatMap(brokenLinks)).toEqual([]);
});

test('every test that a document names is there', () => {
  const missing = documents.flatMap(({ path, text }) =>
    namedTests(text)
      .flatMap((named) => whyNoTest(named) ?? [])
      .map((why) => `${path}: ${why}`),
  );
  expect(missing).toEqual([]);
});

test('every npm script that a document names is there', () => {
  const missing = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)]
      .map(([, name = '']) => name)
      .filter((name) => scripts[name] === undefined)
      .map((name) => `${path}: npm run ${name}`),
  );
  expect(missing).toEqual([]);
});

test('every command of pm-supervisor that a document names is there', () => {
  const missing = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/`(?:npx )?pm-supervisor ([a-z][a-z -]*)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !isCommand(name))
      .map((name) => `${path}: pm-supervisor ${name}`),
  );
  expect(missing).toEqual([]);
});

const folders = (path: string) =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

test('the description of the architecture leaves no folder out', () => {
  const { text } = readDocument('docs/architecture.md');
  const own = folders('.').filter(
    (name) => !/^(\..*|node_modules|out|dist|test-results)$/.test(name),
  );
  expect(own.filter((name) => !text.includes(`${name}/`))).toEqual([]);
  expect(folders('main/supervisor').filter((name) => !text.includes(`${name}/`))).toEqual([]);
});

test('each room has its description, and none that there is not', () => {
  const { text } = readDocument('docs/rooms.md');
  const described = [...text.matchAll(/^## (.+)$/gm)].map(([, name = '']) => name);
  expect(described.toSorted()).toEqual(folders('main/supervisor').toSorted());
});

describe('the reader of documents', () => {
  test('anchors are those of GitHub', () => {
    const text =
      '# The `a.b` thing, and more\n\n## Twice\n\n## Twice\n\n```sh\n# no heading\n```\n';
    expect([...anchorsOf(text)]).toEqual(['the-ab-thing-and-more', 'twice', 'twice-1']);
  });

  test('a broken link bites, a good one and one to the web do not', () => {
    const path = 'docs/made-up.md';
    const good = '[a](events.md) [b](../README.md#two-commands) [c](https://example.org/x.md)';
    expect(brokenLinks({ path, text: good })).toEqual([]);
    expect(brokenLinks({ path, text: '[a](nowhere.md)' })).toHaveLength(1);
    expect(brokenLinks({ path, text: '[a](events.md#nothing-of-that)' })).toHaveLength(1);
  });

  test('a test that is not there bites', () => {
    const here = { file: 'test/documents.test.ts', title: 'a test that is not there bites' };
    expect(whyNoTest(here)).toBeUndefined();
    expect(whyNoTest({ ...here, title: 'no such' + ' title' })).toBeTypeOf('string');
    expect(whyNoTest({ ...here, file: 'test/none.test.ts' })).toBeTypeOf('string');
    expect(namedTests('see `test/a.test.ts › b c`, `x.ts`')).toEqual([
      { file: 'test/a.test.ts', title: 'b c' },
    ]);
  });
});
