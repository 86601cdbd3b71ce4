/**
 * The kinds of values that `config-schema.ts` is made of. Each carries its description, unit and
 * default as metadata, so that the default file, the error messages and the editor say the same.
 */
import { z } from 'zod';

const restartPolicies = ['always_restart', 'restart_on_failure', 'never_restart'] as const;

/** What a number counts, in the plural, as it appears in messages. */
export type Unit =
  | 'milliseconds'
  | 'seconds'
  | 'minutes'
  | 'hours'
  | 'bytes'
  | 'megabytes'
  | 'lines'
  | 'files'
  | 'instances'
  | 'sessions'
  | 'subscribers'
  | 'events'
  | 'attempts';

interface NumberField {
  readonly description: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  readonly unit?: Unit;
}

/** A whole number within a range. */
export function wholeNumber({ description, fallback, min, max, unit }: NumberField) {
  return z.int().min(min).max(max).default(fallback).meta({ description, unit });
}

/** A number within a range. */
export function decimal({ description, fallback, min, max, unit }: NumberField) {
  return z.number().min(min).max(max).default(fallback).meta({ description, unit });
}

/** A TCP port of ours; 0 lets the system choose. */
export function port(fallback: number, description: string) {
  return z
    .int()
    .min(0)
    .max(65_535)
    .default(fallback)
    .meta({ description: `${description} 0: any free port; ports.json says which.` });
}

/** `true` or `false`. */
export function flag(fallback: boolean, description: string) {
  return z.boolean().default(fallback).meta({ description });
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  fallback: Words[number],
  description: string,
) {
  return z
    .enum(words)
    .default(fallback as never)
    .meta({ description });
}

/** Text as a process can receive it: the operating systems end text at a zero byte. */
const plainText = z.string().refine((text) => !text.includes('\0'), 'must not contain a zero byte');

/** Text that says something. */
export const filledText = plainText.refine((text) => text.trim() !== '', 'must not be empty');

/** Text that may be absent. */
export function optionalText(description: string, example: string) {
  return filledText.optional().meta({ description, examples: [example] });
}

/** A list of texts that may be absent. */
export function optionalList(description: string, example: readonly string[]) {
  return z
    .array(plainText)
    .readonly()
    .optional()
    .meta({ description, examples: [example] });
}

/** A list of texts, empty unless given. */
export function list(description: string, example: readonly string[]) {
  return z
    .array(plainText)
    .default([])
    .readonly()
    .meta({ description, examples: [example] });
}

/** The part of a service that says which process to run, as far as every service has it. */
export const programFields = {
  working_dir: optionalText(
    'Folder in which the command runs. Relative folders count from the folder of this file; ~ is your home.',
    '/home/me/my-server',
  ),
  env: z
    .record(
      z.string().regex(/^[^=\0]+$/, 'a variable name must not be empty or contain "="'),
      plainText,
    )
    .default({})
    .readonly()
    .meta({
      description: 'Environment variables for the process, added to those of the supervisor.',
      examples: [{ NAME: 'value' }],
    }),
};

/** The life of a supervised process. */
export const lifeFields = {
  restart_policy: choice(
    restartPolicies,
    'always_restart',
    'What to do when the process ends by itself; restart_on_failure leaves exit code 0 alone.',
  ),
  start_timeout_ms: wholeNumber({
    description: 'How long the process may take until it answers; after that it counts as failed.',
    fallback: 30_000,
    min: 100,
    max: 3_600_000,
    unit: 'milliseconds',
  }),
  stop_grace_ms: wholeNumber({
    description: 'How long the process may take to end when asked to, before it is killed.',
    fallback: 10_000,
    min: 0,
    max: 600_000,
    unit: 'milliseconds',
  }),
};

/** How a process that runs is asked whether it is still there. */
export const livenessFields = {
  liveness_period_ms: wholeNumber({
    description: 'How often the process is asked while it runs; 0: never, it lives until it ends.',
    fallback: 5_000,
    min: 0,
    max: 3_600_000,
    unit: 'milliseconds',
  }),
  liveness_timeout_ms: z
    .int()
    .min(50)
    .max(600_000)
    .optional()
    .meta({
      description: 'How long an answer may take; when absent, as in mcp.health_timeout_ms.',
      unit: 'milliseconds',
      examples: [1_500],
    }),
  liveness_threshold: wholeNumber({
    description:
      'After so many missed answers in a row it is restarted. While it works for somebody, none is missed.',
    fallback: 3,
    min: 1,
    max: 1_000,
    unit: 'attempts',
  }),
};

/** What has to be there before a service starts. */
export const dependencyFields = {
  depends_on: list(
    'Names of services that must be there before this one starts. All stop in the reverse order. When one of them restarts, this one runs on.',
    ['mcp'],
  ),
  depends_on_condition: choice(
    ['started', 'ready'],
    'ready',
    'What they must be: "started" when their processes run, "ready" when they answer.',
  ),
};

/** When a service counts as ready; at most one of them. */
export const readinessFields = {
  readiness_http: plainText
    .refine((path) => path.startsWith('/'), 'must begin with "/"')
    .optional()
    .meta({
      description: 'Ready when its port answers a GET of this path with 2xx.',
      examples: ['/health'],
    }),
  readiness_tcp: z
    .boolean()
    .optional()
    .meta({
      description:
        'true: ready when its port accepts a connection; false: as soon as it runs. The kernel accepts for a process that hangs, too: readiness_http also finds that one.',
      examples: [true],
    }),
  readiness_log: filledText
    .refine(isPattern, 'must be a regular expression')
    .optional()
    .meta({
      description:
        'Ready when it prints a line that matches this regular expression (JavaScript, flag u). Colours are not part of the line.',
      examples: ['listening on port [0-9]+'],
    }),
};

/** What becomes of a process when the supervisor itself is killed or crashes. */
export const keepFields = {
  on_supervisor_exit: choice(
    ['stop', 'keep'],
    'stop',
    'When the supervisor is killed or crashes: "stop" ends the process within a second, "keep" lets it run on and takes it over at the next start (Linux; elsewhere it is ended). When the supervisor ends in order, it stops every process.',
  ),
};

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

/** An origin exactly as browsers send it; any other spelling would never match. */
export function isOrigin(text: string): boolean {
  if (/^https?:/.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\sA-Z]+$/.test(text);
}

interface ProgramChoice {
  readonly command?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly working_dir?: string | undefined;
}

/**
 * Completes a program that the user chose in part: the command is `node`, the arguments are those
 * of the old supervisor. One of which nothing is given stays empty, and the bundled program runs;
 * so `command === undefined` means bundled, and a given command always has its `args`.
 */
export function completeProgram<Section extends ProgramChoice>(
  section: Section,
  args: readonly string[],
): Section {
  const chosen = [section.command, section.args, section.working_dir];
  if (chosen.every((each) => each === undefined)) return section;
  return {
    ...section,
    command: section.command ?? 'node',
    args: section.args ?? Object.freeze([...args]),
  };
}
