/**
 * What the editor knows of sections and keys, read from the JSON Schema that the supervisor gives
 * (`ConfigSchema`): the page does not carry the schema's library.
 */
import type { KeyInfo, KeyType, SectionInfo } from '../../shared/config-key-info.ts';

/** Sections by dotted path, keys by name. */
export type ConfigHelp = ReadonlyMap<
  string,
  Omit<SectionInfo, 'keys'> & { readonly keys: ReadonlyMap<string, KeyInfo> }
>;

/** The part of a JSON Schema (2020-12) that zod writes for our configuration. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly unit?: string;
  readonly isSecret?: boolean;
}

/** Reads the schema; of what it does not understand it gives no help. */
export function readHelp(schema: unknown): ConfigHelp {
  const sections = Object.entries((schema as Schema).properties ?? {});
  return new Map(sections.flatMap(([name, each]) => sectionsOf(name, each)));
}

type Entry =
  ConfigHelp extends ReadonlyMap<infer Path, infer Section> ? readonly [Path, Section] : never;

function sectionsOf(path: string, schema: Schema): Entry[] {
  const repeated = schema.type === 'array';
  const table = tableOf(schema);
  if (table?.properties === undefined) return [];
  const required = new Set(table.required);
  const entries = Object.entries(table.properties);
  const isSection = ([, each]: readonly [string, Schema]) => tableOf(each) !== null;
  const keys = entries
    .filter((entry) => !isSection(entry))
    .map(([name, each]) => {
      // A schema of what comes out of the defaults calls every key required.
      const isRequired = required.has(name) && each.default === undefined;
      return [name, keyInfo(name, each, isRequired)] as const;
    });
  const description = schema.description ?? '';
  return [
    [path, { path, description, repeated, keys: new Map(keys) }],
    ...entries.filter(isSection).flatMap(([name, each]) => sectionsOf(`${path}.${name}`, each)),
  ];
}

/** The table that a section or a repeated section is made of; null for the value of a key. */
function tableOf(schema: Schema): Schema | null {
  const inner = schema.type === 'array' ? schema.items : schema;
  return inner?.properties === undefined ? null : inner;
}

function keyInfo(name: string, schema: Schema, required: boolean): KeyInfo {
  return {
    name,
    description: schema.description ?? '',
    type: typeOf(schema),
    unit: schema.unit ?? null,
    min: schema.minimum ?? null,
    max: schema.maximum ?? null,
    words: (schema.enum ?? []).map(String),
    isSecret: schema.isSecret === true,
    required,
    fallback: schema.default,
    example: schema.examples?.[0],
  };
}

const types: Readonly<Record<string, KeyType>> = {
  integer: 'whole number',
  number: 'number',
  boolean: 'flag',
  array: 'list',
  object: 'table',
};

function typeOf(schema: Schema): KeyType {
  if (schema.enum !== undefined) return 'choice';
  return types[schema.type ?? ''] ?? 'text';
}

/** A value as it is written in the file. */
export function asToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asToml).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, each]) => `${key} = ${asToml(each)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  return JSON.stringify(value);
}
