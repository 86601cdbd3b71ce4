/**
 * The kinds of values that `config-schema.ts` is made of. Each carries its description, unit and
 * default as metadata, so that the default file, the error messages and the editor say the same.
 */
import { z } from 'zod';

export const restartPolicies = ['always_restart', 'restart_on_failure', 'never_restart'] as const;

/** What a number counts, in the plural, as it appears in messages. */
export type Unit =
  | 'milliseconds'
  | 'seconds'
  | 'minutes'
  | 'hours'
  | 'bytes'
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
