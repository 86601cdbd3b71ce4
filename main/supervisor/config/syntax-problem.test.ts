import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from './load-config.ts';
import { problemsIn } from './problems.test-helper.ts';

describe('broken TOML is shown where it is broken, with the cure', () => {
  test.each([
    [
      'an array that is not closed before the next table',
      '[mcp]\nport = 1\n[mcp.node]\nargs = ["a",\n\n[dashboard]\nport = 3\n',
      '6:1-6:12 error the "[" opened at line 4 is not closed: it ends with "]"',
    ],
    [
      'an array that is not closed before the next key',
      '[mcp.node]\nargs = [\n  "a"\nworking_dir = "x"\n',
      '4:1-4:18 error the "[" opened at line 2 is not closed: it ends with "]"',
    ],
    [
      'an inner array that is not closed; closed ones and brackets in comments and text do not count',
      'a = [["[", "b"], # [\n ["c", \'{\']]\nb = [ ["d"],\n ["e"\n[mcp]\n',
      '5:1-5:6 error the "[" opened at line 4 is not closed: it ends with "]"',
    ],
    [
      'an array that is not closed, after an apostrophe in a comment and a literal backslash',
      "# don't\na = 'C:\\'\nb = [\n[mcp]\n",
      '4:1-4:6 error the "[" opened at line 3 is not closed: it ends with "]"',
    ],
    [
      'an array that is not closed at the end of the file',
      '[mcp.node]\nargs = ["a",',
      '2:8-2:13 error the "[" opened at line 2 is not closed: it ends with "]"',
    ],
    [
      'an inline table that is not closed',
      '[mcp.node]\nenv = { A = "b"\n[dashboard]\nport = 3\n',
      '3:1-3:12 error the "{" opened at line 2 is not closed: it ends with "}"',
    ],
    [
      'an inline table that is not closed at the end of the file',
      '[mcp.node]\nenv = {A = "b", \n',
      '3:1-3:1 error the "{" opened at line 2 is not closed: it ends with "}"',
    ],
    [
      'a string that is not closed',
      '[mcp.node]\ncommand = "node\n[mcp]\nport=3\n',
      '2:11-2:16 error the string opened at line 2 is not closed: it ends with "',
    ],
    [
      'a literal string that is not closed',
      "[mcp.node]\ncommand = 'node\n",
      "2:11-2:16 error the string opened at line 2 is not closed: it ends with '",
    ],
    [
      'a text block that is not closed',
      '[mcp.node]\ncommand = """node\n[mcp]\nport=3\n',
      '2:11-2:18 error the string opened at line 2 is not closed: it ends with """',
    ],
    [
      'a header that is not closed',
      '[mcp\nport = 3\n',
      '1:1-1:5 error the "[" opened at line 1 is not closed: it ends with "]"',
    ],
    [
      'a list header that is half closed',
      '[[servers]\nname = "a"\n',
      '1:1-1:11 error the "[[" opened at line 1 is not closed: it ends with "]]"',
    ],
    [
      'a word in a list that is closed is not called a bracket problem',
      '[mcp.node]\nargs = [\n "a",\n b,\n]\n',
      '4:2-4:3 error text needs quotes: expected "b", found b',
    ],
    [
      'text without quotes',
      '[mcp]\nrestart_policy = always_restart\n',
      '2:18-2:32 error text needs quotes: expected "always_restart", found always_restart',
    ],
    [
      'a secret without quotes is not repeated',
      '[auth]\napi_key = abcdefghijklmnopqrst\n',
      '2:11-2:31 error text needs quotes',
    ],
    ['True', '[mcp]\nenabled = True\n', '2:11-2:15 error expected true, found True'],
    ['no', '[mcp]\nenabled = no\n', '2:11-2:13 error expected false, found no'],
    ['no value', '[mcp]\nport =\n', '2:6-2:7 error expected a value after "port ="'],
    ['a colon', '[mcp]\nport: 3\n', '2:5-2:6 error expected "=", found ":"'],
    ['no equals sign', '[mcp]\nport 3\n', '2:6-2:7 error expected "=" after "port"'],
    ['a key alone', '[mcp]\nenabled\n', '2:1-2:8 error expected "=" after "enabled"'],
    ['no key', '= 3\n', '1:1-1:2 error expected a name before this'],
    ['two values', '[mcp]\nport = 3 4\n', '2:10-2:11 error expected the end of the line'],
    [
      'two values in a list without a comma',
      '[mcp.node]\nargs = ["a" "b"]\n',
      '2:13-2:16 error expected a comma or the closing bracket',
    ],
    [
      'a key that comes twice',
      '[mcp]\nport=3\n\nport=4\n',
      '4:1-4:5 error port is already defined (first at line 2)',
    ],
    [
      'a table that comes twice',
      '[mcp]\nport=3\n[events]\n[mcp] # again\n',
      '4:2-4:5 error [mcp] is already defined (first at line 1)',
    ],
    [
      'a Windows path in double quotes',
      '[mcp.node]\nworking_dir = "C:\\Users\\me"\n',
      `2:18-2:20 error a backslash in "…" begins an escape sequence: write \\\\ for each, or use single quotes: 'C:\\folder'`,
    ],
    [
      'a leading zero',
      '[mcp]\nport = 03457\n',
      '2:8-2:13 error 03457: a number has no zero in front',
    ],
    ['half a number', '[mcp]\nport = 1.\n', '2:8-2:10 error 1. is not a number that TOML knows'],
    [
      'a huge number',
      '[mcp]\nport = 99999999999999999999\n',
      '2:8-2:28 error the number is too large',
    ],
    ['__proto__', '[mcp]\n__proto__ = 3\n', '2:1-2:10 error the key "__proto__" is not allowed'],
    ['30 February', 'a = 2021-02-30\n', '1:14-1:15 error there is no such date or time'],
  ])('%s', (_, text, expected) => {
    expect(problemsIn(text)).toEqual([expected]);
    expect(parseConfig(text).config).toBeNull();
  });
});

test('no text makes the parser throw or point outside the text', () => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '"""',
    '=',
    ',',
    '.',
    '\n',
    '\r\n',
    ' ',
    '#',
    '\\',
    '😀',
    'mcp',
    'port',
    'servers',
    'name',
    'env',
    '3',
    '0.5',
    'true',
    '[mcp]\n',
    '[[servers]]\n',
    'port = 3\n',
    'name = "a"\n',
    'command = "b"\n',
    '\uFEFF',
    '__proto__',
    '2021-02-30',
  );
  const text = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, (each) => {
      const { config, problems } = parseConfig(each);
      const lines = each.replace(/^\uFEFF/, '').split('\n');
      expect(config === null).toBe(problems.some(({ severity }) => severity === 'error'));
      for (const { line, column, endLine, endColumn } of problems) {
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column - 1).toBeLessThanOrEqual(lines[line - 1]?.length ?? -1);
        expect(endColumn - 1).toBeLessThanOrEqual(lines[endLine - 1]?.length ?? -1);
        expect(endLine > line || endColumn >= column).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});
