/**
 * The schema as plain data: every section and key of `supervisor.toml` with description, unit,
 * range and default. Read from `config-schema.ts`, so it cannot disagree with it.
 */
import { z } from 'zod';
import { configSchema } from './config-schema.ts';

export type KeyType = 'text' | 'whole number' | 'number' | 'flag' | 'choice' | 'list' | 'table';

export interface KeyInfo {
  readonly name: string;
  readonly description: string;
  readonly type: KeyType;
  /** What a number counts, in the plural. */
  readonly unit: string | null;
  readonly min: number | null;
  readonly max: number | null;
  /** The words of a choice. */
  readonly words: readonly string[];
  /** The value is not for logs and screens. */
  readonly isSecret: boolean;
  /** The key must be given. */
  readonly required: boolean;
  /** What holds when the key is absent; undefined when nothing does. */
  readonly fallback: unknown;
  /** A sensible value, for keys whose default would not show how one looks. */
  readonly example: unknown;
}

export interface SectionInfo {
  /** Dotted path: `mcp.pool`. */
  readonly path: string;
  readonly description: string;
  /** Written `[[servers]]`, any number of times. */
  readonly repeated: boolean;
  readonly keys: readonly KeyInfo[];
}

interface Unwrapped {
  readonly inner: z.ZodType;
  readonly fallback: unknown;
  readonly required: boolean;
}

/** Takes the layers for absent and frozen values off a schema. */
function unwrap(schema: z.ZodType): Unwrapped {
  let inner = schema;
  let fallback: unknown;
  let required = true;
  for (;;) {
    if (inner instanceof z.ZodDefault) {
      fallback = inner.def.defaultValue;
      required = false;
    } else if (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault) {
      required = false;
    } else if (!(inner instanceof z.ZodReadonly)) {
      return { inner, fallback, required };
    }
    inner = inner.unwrap() as z.ZodType;
  }
}

function typeOf(schema: z.ZodType): KeyType {
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'whole number' : 'number';
  if (schema instanceof z.ZodBoolean) return 'flag';
  if (schema instanceof z.ZodEnum) return 'choice';
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodRecord) return 'table';
  return 'text';
}

function keyInfo(name: string, schema: z.ZodType): KeyInfo {
  const { inner, fallback, required } = unwrap(schema);
  const meta = schema.meta() ?? {};
  const isNumber = inner instanceof z.ZodNumber;
  return {
    name,
    description: meta.description ?? '',
    type: typeOf(inner),
    unit: typeof meta['unit'] === 'string' ? meta['unit'] : null,
    min: isNumber ? inner.minValue : null,
    max: isNumber ? inner.maxValue : null,
    words: inner instanceof z.ZodEnum ? inner.options.map(String) : [],
    isSecret: meta['isSecret'] === true,
    required,
    fallback,
    example: Array.isArray(meta['examples']) ? meta['examples'][0] : undefined,
  };
}

function sectionsOf(path: string, schema: z.ZodType): SectionInfo[] {
  const { inner } = unwrap(schema);
  const repeated = inner instanceof z.ZodArray;
  const table = repeated ? unwrap(inner.element as z.ZodType).inner : inner;
  if (!(table instanceof z.ZodObject)) return [];
  const entries = Object.entries(table.shape as Record<string, z.ZodType>);
  const isTable = ([, each]: [string, z.ZodType]) => {
    const { inner: value } = unwrap(each);
    const element = value instanceof z.ZodArray ? unwrap(value.element as z.ZodType).inner : value;
    return element instanceof z.ZodObject;
  };
  const keys = entries.filter((entry) => !isTable(entry));
  return [
    {
      path,
      description: schema.meta()?.description ?? '',
      repeated,
      keys: keys.map(([name, each]) => keyInfo(name, each)),
    },
    ...entries.filter(isTable).flatMap(([name, each]) => sectionsOf(`${path}.${name}`, each)),
  ];
}

/** Every section, in the order of the schema; a section comes before its own sub-sections. */
export const configSections: readonly SectionInfo[] = Object.entries(
  configSchema.unwrap().shape,
).flatMap(([name, schema]) => sectionsOf(name, schema));

/** What a key accepts, in words: `a whole number from 1 to 3600 (seconds)`. */
export function expectation(key: KeyInfo): string {
  const unit = key.unit === null ? '' : ` (${key.unit})`;
  switch (key.type) {
    case 'whole number':
      return `a whole number from ${key.min} to ${key.max}${unit}`;
    case 'number':
      return `a number from ${key.min} to ${key.max}${unit}`;
    case 'flag':
      return 'true or false';
    case 'choice':
      return `one of ${key.words.map((word) => `"${word}"`).join(', ')}`;
    case 'list':
      return 'a list of texts such as ["a", "b"]';
    case 'table':
      return 'a table of texts such as { NAME = "value" }';
    case 'text':
      return 'text in quotes';
  }
}
