import { expect, test } from 'vitest';
import { realHelp } from './config-help.test-helper.ts';
import { secretRanges } from './secrets.ts';

test.each([
  ['a key that the schema calls secret', '[auth]\napi_key = "abc"', ['"abc"']],
  ['a variable in a table', '[mcp.node]\nenv = { API_TOKEN = "abc", PORT = "1" }', ['"abc"']],
  [
    'a variable under a header',
    '[[servers]]\nname = "a"\n[servers.env]\nMY_SECRET = "abc"\nPORT = "1"',
    ['"abc"'],
  ],
  ['nothing else', '[mcp]\nport = 1\n[supervisor]\nlog_level = "info"', []],
  ['no value yet', '[auth]\napi_key =', []],
])('dots stand for %s', (_name, text, secrets) => {
  expect(secretRanges(text, realHelp).map(([from, to]) => text.slice(from, to))).toEqual(secrets);
});
