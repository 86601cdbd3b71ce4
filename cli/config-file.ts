/** `pm-supervisor config path`, `check` and `show`: the file, also while no supervisor runs. */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { formatProblem } from '../main/supervisor/config/format-problem.ts';
import { loadConfig, parseConfig } from '../main/supervisor/config/load-config.ts';
import type { ConfigProblem } from '../shared/status.ts';
import type { Context, Input } from './command.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import type { Output } from './output.ts';
import { configFile } from './token.ts';

export async function path({ out, configOption, env, cwd }: Context): Promise<ExitName> {
  const file = configFile(configOption, env, cwd);
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  out.result({ path: file, exists }, () => file);
  return 'ok';
}

export async function check(context: Context, input: Input): Promise<ExitName> {
  const { out, configOption, env, cwd, stdin } = context;
  const argument = input.argument(0);
  if (argument === '-') {
    const { problems } = parseConfig(await readAll(stdin));
    return tellProblems(out, '-', problems);
  }
  const file = argument === null ? configFile(configOption, env, cwd) : resolve(cwd, argument);
  const { problems } = await loadConfig(file);
  // As it was named: what is printed can be clicked and copied.
  return tellProblems(out, argument ?? file, problems);
}

function tellProblems(out: Output, file: string, problems: readonly ConfigProblem[]): ExitName {
  const valid = !hasError(problems);
  out.result({ path: file, valid, problems }, () => [
    ...problems.map((problem) => formatProblem(file, problem)),
    ...(valid ? [`${file}: valid`] : []),
  ]);
  return valid ? 'ok' : 'failed';
}

export function hasError(problems: readonly ConfigProblem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

export async function show({ out, configOption, env, cwd }: Context): Promise<ExitName> {
  const file = configFile(configOption, env, cwd);
  const { text, problems } = await loadConfig(file);
  if (text === null) {
    const [problem] = problems;
    throw new CommandError(`${file}: ${problem?.message ?? 'it cannot be read'}`);
  }
  if (out.json) out.printJson({ path: file, text, problems });
  else out.stdout.write(text.endsWith('\n') || text === '' ? text : `${text}\n`);
  return 'ok';
}
