/**
 * The schema as plain data: every section and key of `supervisor.toml` with description, unit,
 * range and default. Read from `config-schema.ts`, so it cannot disagree with it.
 */
import { z } from 'zod';
import type { KeyInfo, KeyType, SectionInfo } from './config-key-info.ts';
import { configSchema } from './config-schema.ts';

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
