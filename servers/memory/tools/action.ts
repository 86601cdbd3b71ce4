/**
 * A tool with an `action` argument, as data. Each action has its own zod schema and is validated
 * by it alone; what clients see is one flat object schema made of all of them, because the APIs of
 * several model vendors refuse `oneOf` at the root of a tool's input schema.
 */
import type {
  StandardSchemaV1,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Change } from '../events.ts';
import type { Store } from '../store.ts';

/** What an action works with. */
export interface ToolContext {
  readonly store: Store;
  readonly change: Change;
}

export type Answer = Readonly<Record<string, unknown>>;

/** A call whose arguments were found valid. */
export interface Call {
  readonly input: Readonly<Record<string, unknown>>;
  readonly run: (context: ToolContext) => Answer;
}

export interface Action {
  readonly name: string;
  /** One sentence for the model: what it does. */
  readonly summary: string;
  readonly shape: z.ZodRawShape;
  /** Validates the arguments; the issues say which argument is wrong and how. */
  readonly bind: (raw: unknown) => StandardSchemaV1.Result<Call>;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  /** What the tool is for; the list of its actions is added. */
  readonly description: string;
  /** True for all of its actions: the protocol has annotations per tool only. */
  readonly annotations: ToolAnnotations;
  readonly actions: readonly Action[];
}

/** Declares an action; `run` gets the arguments as its shape types them. */
export function action<Shape extends z.ZodRawShape>(
  name: string,
  summary: string,
  shape: Shape,
  run: (input: z.output<z.ZodObject<Shape>>, context: ToolContext) => Answer,
): Action {
  const schema = z.object(shape);
  const missing: z.core.$ZodErrorMap = (issue) =>
    issue.input === undefined ? `is required by action "${name}"` : undefined;
  return {
    name,
    summary,
    shape,
    bind: (raw) => {
      const parsed = schema.safeParse(raw, { error: missing });
      if (!parsed.success) return { issues: parsed.error.issues };
      return { value: { input: parsed.data, run: (context) => run(parsed.data, context) } };
    },
  };
}

/** The same action under another name, for a tool that offers it as one of many. */
export function renamed(name: string, original: Action): Action {
  return { ...original, name };
}

/** The input schema of a tool: validates by action, describes all actions at once. */
export function inputSchemaOf(tool: Tool): StandardSchemaWithJSON<unknown, Call> {
  const byName = new Map(tool.actions.map((each) => [each.name, each]));
  const names = [...byName.keys()].join(', ');
  const json = flatJsonSchema(tool.actions);
  return {
    '~standard': {
      version: 1,
      vendor: 'project-memory',
      validate: (raw) => {
        const name = isRecord(raw) ? raw['action'] : undefined;
        const chosen = byName.get(String(name));
        if (chosen !== undefined) return chosen.bind(raw);
        const cause = name === undefined ? 'is missing' : `cannot be ${JSON.stringify(name)}`;
        return { issues: [{ message: `${cause}; use one of: ${names}`, path: ['action'] }] };
      },
      jsonSchema: { input: () => json, output: () => json },
    },
  };
}

/** One line per action: what it does and which arguments it takes. */
export function describeActions(actions: readonly Action[]): string {
  const lines = actions.map(({ name, summary, shape }) => {
    const fields = Object.entries(shape).map(([field, schema]) =>
      z.safeParse(schema, undefined).success ? `${field}?` : field,
    );
    return `- ${name}(${fields.join(', ')}): ${summary}`;
  });
  return lines.join('\n');
}

type JsonSchema = Record<string, unknown>;

function flatJsonSchema(actions: readonly Action[]): JsonSchema {
  const fields = new Map<string, { schemas: JsonSchema[]; usedBy: string[] }>();
  for (const { name, shape } of actions) {
    const { properties = {} } = z.toJSONSchema(z.object(shape), { io: 'input' });
    for (const [field, schema] of Object.entries(properties)) {
      const known = fields.get(field) ?? { schemas: [], usedBy: [] };
      fields.set(field, known);
      known.schemas.push(schema as JsonSchema);
      known.usedBy.push(name);
    }
  }
  const merged = [...fields].map(([field, { schemas, usedBy }]) => [
    field,
    mergeField(schemas, usedBy),
  ]);
  const names = actions.map((each) => each.name);
  return {
    type: 'object',
    properties: {
      action: { type: 'string', enum: names, description: 'What to do; see the description.' },
      ...Object.fromEntries(merged),
    },
    required: ['action'],
  };
}

/** One property for an argument that several actions take, maybe with different limits. */
function mergeField(schemas: readonly JsonSchema[], usedBy: readonly string[]): JsonSchema {
  const variants = new Map<string, JsonSchema>();
  const texts = new Set<string>();
  // No default either: it belongs to one action, and some clients fill in defaults themselves.
  for (const { description, default: _default, ...schema } of schemas) {
    variants.set(JSON.stringify(schema), schema);
    if (typeof description === 'string') texts.add(description);
  }
  const [first = {}, ...others] = variants.values();
  const shape = others.length === 0 ? first : { anyOf: [first, ...others] };
  return { ...shape, description: `${[...texts].join(' ')} (for: ${usedBy.join(', ')})` };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
