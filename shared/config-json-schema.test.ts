import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { configJsonSchema } from './config-json-schema.ts';
import { configSections } from './config-keys.ts';

const schema = configJsonSchema() as Record<string, unknown>;
const validate = new Ajv2020({ strict: true, allErrors: true, validateFormats: false }).compile(
  schema,
);

function complaints(toml: string): readonly string[] {
  validate(parse(toml));
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${JSON.stringify(params)}`.trim(),
  );
}

test('it is a strict JSON Schema, and a file as users write it is valid by it', () => {
  const file = `
[mcp.node]
command = "node"
[[servers]]
name = "search"
command = "search-server"
env = { A = "b" }
[[events.sources]]
name = "x"
url = "http://127.0.0.1:1/"
[chatbot]
anything = 1
`;
  expect(complaints(file)).toEqual([]);
  expect(complaints('')).toEqual([]);
});

test('it finds what the supervisor finds: wrong types, ranges, words, missing and misspelt keys', () => {
  expect(complaints('[mcp]\nport = "x"')).toEqual(['/mcp/port must be integer {"type":"integer"}']);
  expect(complaints('[events]\nbuffer_size = 1')[0]).toContain('must be >= 16');
  expect(complaints('[supervisor]\nlog_level = "loud"')[0]).toContain('allowed values');
  expect(complaints('[[servers]]\nname = "x"')[0]).toContain('"missingProperty":"command"');
  expect(complaints('[mcp]\nprot = 1')[0]).toContain('"additionalProperty":"prot"');
});

test('every key has its description and default; every pattern is one that Rust knows, too', () => {
  const text = JSON.stringify(schema);
  for (const { keys } of configSections)
    for (const { description } of keys)
      expect(text).toContain(JSON.stringify(description).slice(1, -1));
  expect(text).not.toMatch(/"pattern":"[^"]*\\\\0/);
  expect(text).not.toContain('readOnly');
});
