/** The schema of `supervisor.toml` as JSON Schema, for editors: Taplo and "Even Better TOML" read it. */
import { z } from 'zod';
import { legacyKeys } from './config-legacy.ts';
import { configSchema } from './config-schema.ts';

type Json = { [key: string]: unknown };

/** JSON Schema 2020-12 of the file as it is written: every key optional that has a default. */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Json;
  // Keys of the old supervisor are accepted: an editor is not to mark them as mistakes.
  for (const { path, notice } of legacyKeys) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    const table = names.reduce<Json | undefined>(
      (at, name) => propertiesOf(at)?.[name] as Json,
      schema,
    );
    const properties = propertiesOf(table);
    if (properties) properties[last] = { description: `\`${path}\` ${notice}.`, deprecated: true };
  }
  return {
    ...closed(schema),
    title: 'supervisor.toml of the Project Memory Supervisor',
  };
}

function propertiesOf(table: Json | undefined): Json | undefined {
  return table?.['properties'] as Json | undefined;
}

/** Tables with known keys have no others: an editor underlines what is misspelt. */
function closed(node: unknown): Json {
  return walk(node) as Json;
}

function walk(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(walk);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, walk(value)] as const);
  const copy: Json = Object.fromEntries(entries);
  // Marks of our own, and one that is about the program and not about the file.
  for (const mark of ['isSecret', 'unit', 'readOnly']) delete copy[mark];
  // Rust, and so Taplo, does not know \0.
  const { pattern } = copy;
  if (typeof pattern === 'string') {
    copy['pattern'] = pattern.replaceAll(/\\(.)/g, (all, escaped) =>
      escaped === '0' ? '\\x00' : all,
    );
  }
  if ('properties' in copy && copy['type'] === 'object') copy['additionalProperties'] = false;
  return copy;
}
