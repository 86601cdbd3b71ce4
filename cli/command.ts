/**
 * What a command is: one value, from which the parser, the help, the completion scripts and docs/cli.md
 * derive, so that none of them can promise what another does not keep.
 */
import type { SupervisorClient } from '../client/supervisor-client.ts';
import { type ExitName, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';

/** What a shell can offer for a value. */
export type Completes = 'files' | 'services' | 'event types';

export interface OptionSpec {
  /** The word for its value in the help; null for a switch. */
  readonly value: string | null;
  readonly summary: string;
  readonly short?: string;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

export interface CommandSpec {
  /** `status`, `config check`. */
  readonly name: string;
  readonly summary: string;
  /** Further sentences of the help. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: Readonly<Record<string, OptionSpec>>;
  readonly examples?: readonly string[];
  /** Does it. The module behind is loaded only then: most commands need little. */
  readonly run: (context: Context, input: Input) => Promise<ExitName>;
}

/** What commands need of the world. */
export interface Context {
  readonly out: Output;
  /** Of `--config`; null: the environment or the standard place decides. */
  readonly configOption: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  /** Ctrl-C, or whatever else asks this program to end. */
  readonly signal: AbortSignal;
  /** Made when it is first needed. */
  readonly client: () => SupervisorClient;
  readonly version: string;
}

/** The arguments of one call, checked against the declaration of its command. */
export class Input {
  readonly #args: readonly string[];
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(
    args: readonly string[],
    values: Readonly<Record<string, string | boolean | undefined>>,
  ) {
    this.#args = args;
    this.#values = values;
  }

  argument(index: number): string | null {
    return this.#args[index] ?? null;
  }

  /** An argument that the declaration requires. */
  required(index: number): string {
    const value = this.argument(index);
    if (value === null) throw new UsageError('An argument is missing.');
    return value;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | null {
    const value = this.#values[name];
    return typeof value === 'string' ? value : null;
  }

  /** A whole number within the range; throws a `UsageError` for anything else. */
  number(
    name: string,
    { min, max }: { readonly min: number; readonly max: number },
  ): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new UsageError(`--${name} expects a whole number from ${min} to ${max}, not "${text}".`);
  }
}
