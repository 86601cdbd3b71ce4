/** `pm-supervisor config import`: MCP servers of other programs become services of this one. */
import { resolve } from 'node:path';
import { thisMachine } from '../client/addresses.ts';
import { defaultConfigText } from '../main/supervisor/config/default-config.ts';
import { formatProblem } from '../main/supervisor/config/format-problem.ts';
import { parseConfig } from '../main/supervisor/config/load-config.ts';
import type { Context, Input } from './command.ts';
import { hasError } from './config-file.ts';
import { type Original, readOriginal, saveConfig, savedLines } from './config-save.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import {
  type FoundServer,
  programs,
  type ReadFile,
  readMcpFile,
  type User,
  usualFiles,
} from './mcp-files.ts';
import { blockLines, withBlocks } from './server-blocks.ts';
import { convert } from './server-entry.ts';

interface Plan {
  readonly added: {
    readonly name: string;
    readonly file: string;
    readonly lines: readonly string[];
  }[];
  readonly skipped: { readonly name: string; readonly file: string; readonly reason: string }[];
  readonly warnings: string[];
}

export async function importServers(context: Context, input: Input): Promise<ExitName> {
  const { out } = context;
  const user = userOf(context);
  const files = await filesOf(context, input, user);
  const original = await readOriginal(context);
  const base = original.hash === null ? defaultConfigText : original.text;
  const plan = planFor(servers(files), namesIn(base, original), context, user);
  for (const file of files) {
    if ('problem' in file) plan.warnings.push(`${file.file}: ${file.problem}`);
  }
  tellAside(context, plan, files);
  const text = withBlocks(
    base,
    plan.added.map(({ lines }) => lines),
  );
  const { problems } = parseConfig(text);
  if (plan.added.length > 0 && hasError(problems)) {
    const why = problems.map((problem) => formatProblem(original.path, problem)).join('\n');
    throw new CommandError(`With the new blocks the configuration would have errors:\n${why}`);
  }
  const added = plan.added.map(({ name, file }) => ({ name, file }));
  const report = { path: original.path, added, skipped: plan.skipped, warnings: plan.warnings };
  if (input.flag('dry-run') || added.length === 0) {
    out.result({ ...report, saved: false }, () =>
      added.length === 0
        ? 'There is nothing to add.'
        : plan.added.flatMap(({ lines }, index) => (index === 0 ? lines : ['', ...lines])),
    );
    return 'ok';
  }
  const saved = await saveConfig(context, original, text);
  out.result({ ...report, ...saved, saved: true }, () => [
    `Added ${added.map(({ name }) => name).join(', ')}.`,
    ...savedLines(saved),
  ]);
  return 'ok';
}

function userOf({ env, cwd }: Context): User {
  const { platform, homedir } = thisMachine(env);
  return { platform, homedir, cwd, appData: env['APPDATA'] ?? null };
}

async function filesOf({ cwd }: Context, input: Input, user: User): Promise<readonly ReadFile[]> {
  const named = input.argument(0);
  if (named !== null) {
    const file = resolve(cwd, named);
    const found = await readMcpFile(file, user);
    if (found === null) throw new CommandError(`${named}: there is no such file.`);
    if ('problem' in found) throw new CommandError(`${named}: ${found.problem}`);
    return [found];
  }
  const from = input.text('from');
  const asked = programs.filter((program) => from === null || program === from);
  const places = new Set(asked.flatMap((program) => usualFiles(program, user)));
  const files = await Promise.all([...places].map((place) => readMcpFile(place, user)));
  return files.filter((file) => file !== null);
}

function servers(files: readonly ReadFile[]): readonly FoundServer[] {
  return files.flatMap((file) => ('servers' in file ? file.servers : []));
}

/** The services that there are. A file with errors is not added to: nobody could say what it means. */
function namesIn(text: string, { path }: Original): ReadonlySet<string> {
  const { config, problems } = parseConfig(text);
  if (config === null) {
    const errors = problems.filter(({ severity }) => severity === 'error');
    throw new CommandError(
      `The configuration has errors; correct them first:\n${errors.map((each) => formatProblem(path, each)).join('\n')}`,
    );
  }
  return new Set(config.servers.map(({ name }) => name.toLowerCase()));
}

function planFor(
  found: readonly FoundServer[],
  existing: ReadonlySet<string>,
  { env }: Context,
  { homedir }: User,
): Plan {
  const plan: Plan = { added: [], skipped: [], warnings: [] };
  const taken = new Set(existing);
  for (const server of found) {
    const { file } = server;
    const converted = convert(server, { env, homedir });
    if (converted.kind === 'refused') {
      plan.skipped.push({ name: server.name, file, reason: converted.reason });
      continue;
    }
    const { block, warnings } = converted;
    const key = block.name.toLowerCase();
    if (taken.has(key)) {
      const reason = existing.has(key)
        ? 'a service of that name exists already'
        : 'another one of that name was taken from elsewhere';
      plan.skipped.push({ name: server.name, file, reason });
      continue;
    }
    taken.add(key);
    if (block.name !== server.name) {
      plan.warnings.push(`${server.name}: it is called ${block.name} here`);
    }
    plan.warnings.push(...warnings.map((each) => `${block.name}: ${each}`));
    plan.added.push({ name: block.name, file, lines: blockLines(block, file) });
  }
  return plan;
}

function tellAside({ out }: Context, plan: Plan, files: readonly ReadFile[]): void {
  if (out.json) return;
  if (files.length === 0) out.say('None of the usual files with MCP servers is there.');
  for (const { name, file, reason } of plan.skipped)
    out.say(`Skipped ${name} (${file}): ${reason}.`);
  for (const warning of plan.warnings) out.say(`Note: ${warning}.`);
}
