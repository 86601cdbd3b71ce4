/** What is run for a service, as people may read it: no secret of the command line, no value of a variable. */
import type { ProgramStatus } from '../../../shared/status.ts';
import { redactArguments } from '../telemetry/redact.ts';
import type { Command } from './supervised-process.ts';

/** Snapshots carry it: a script given as an argument (`node -e …`) must not weigh on each. */
const maxArgumentChars = 300;
const maxArguments = 50;

/** `inherited`: the environment that every service gets; what it has from there is not told. */
export function programStatusOf(
  { command, args, workingDir, env }: Command,
  inherited: NodeJS.ProcessEnv,
): ProgramStatus {
  const shown = redactArguments(args).slice(0, maxArguments).map(shortened);
  return {
    command,
    args: args.length > maxArguments ? [...shown, '…'] : shown,
    workingDir: workingDir ?? null,
    variables: Object.keys(env)
      .filter((name) => env[name] !== undefined && env[name] !== inherited[name])
      .toSorted(),
  };
}

function shortened(text: string): string {
  return text.length > maxArgumentChars ? `${text.slice(0, maxArgumentChars - 1)}…` : text;
}
