import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyParts, outline, quoted } from './toml-outline.ts';

/** Each statement as `header path` or `section | key = value`. */
function read(text: string): string[] {
  return outline(text).map((each) => {
    if (each.kind === 'header') return `${each.repeated ? '[[' : '['}${each.path.join('.')}`;
    const value = each.valueFrom === null ? '' : ` = ${text.slice(each.valueFrom, each.to)}`;
    return `${each.section.join('.')} | ${each.key.join('.')}${value}`;
  });
}

test('headers and pairs stand where they stand', () => {
  const text = '# words\n[mcp.pool] # more\nmax = 4 # of them\n\n[[servers]]\nname = "a#b"\n';
  expect(read(text)).toEqual([
    '[mcp.pool',
    'mcp.pool | max = 4',
    '[[servers',
    'servers | name = "a#b"',
  ]);
  const [header, pair] = outline(text);
  expect(text.slice(header?.from, header?.to)).toBe('[mcp.pool]');
  expect(text.slice(pair?.from, pair?.to)).toBe('max = 4');
});

test.each([
  [
    'strings of three quotes',
    'a = """one\n[no.header]\n""""\nb = 1',
    ['| a = """one\n[no.header]\n""""', '| b = 1'],
  ],
  [
    'lists over lines',
    'a = [\n  "x", # no\n  ["]"],\n]\nb = 1',
    ['| a = [\n  "x", # no\n  ["]"],\n]', '| b = 1'],
  ],
  ['tables over lines', 'env = {\n  A = "1",\n}\nb = 2', ['| env = {\n  A = "1",\n}', '| b = 2']],
  ['a backslash in single quotes', "a = 'C:\\'\nb = 1", ["| a = 'C:\\'", '| b = 1']],
  ['a quoted key', '"a.b".c = 1', ['| a.b.c = 1']],
  ['CRLF', 'a = 1\r\nb = 2\r\n', ['| a = 1', '| b = 2']],
])('%s', (_name, text, expected) => {
  expect(read(text).map((each) => each.trim())).toEqual(expected);
});

test.each([
  ['a key alone', '[mcp]\npo', ['[mcp', 'mcp | po']],
  [
    'a key with its equals sign',
    '[mcp]\nport =\n[dashboard]',
    ['[mcp', 'mcp | port =', '[dashboard'],
  ],
  ['an open header', '[mcp.\nport = 1', ['[mcp', 'mcp | port = 1']],
  ['an open string', 'a = "x\nb = 1', ['| a = "x', '| b = 1']],
  ['an open list before a key', 'a = ["x",\nb = 1', ['| a = ["x",', '| b = 1']],
  ['an open list before a header', 'a = [\n[mcp]\nb = 1', ['| a = [', '[mcp', 'mcp | b = 1']],
])('what is not finished does not swallow what follows: %s', (_name, text, expected) => {
  expect(read(text).map((each) => each.trim())).toEqual(expected);
});

test('any text is read to its end, in order', () => {
  const letters = fc.constantFrom(
    '[',
    ']',
    '=',
    '"',
    "'",
    '\n',
    '#',
    '{',
    '}',
    'a',
    '.',
    ' ',
    '\\',
    '\r',
  );
  fc.assert(
    fc.property(fc.string({ unit: letters, maxLength: 30 }), (text) => {
      let last = 0;
      for (const { from, to } of outline(text)) {
        expect(from).toBeGreaterThanOrEqual(last);
        expect(to).toBeGreaterThanOrEqual(from);
        last = to;
      }
      expect(last).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 2_000 },
  );
});

test('parts of a key lose their quotes', () => {
  expect(keyParts(`a . "b.c" . 'd'`)).toEqual(['a', 'b.c', 'd']);
  expect(quoted('"x" ')).toBe('x');
  expect(quoted('12')).toBeNull();
});
