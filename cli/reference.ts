/** The page docs/cli.md, made from the declaration of the commands by scripts/make-docs.ts. */
import type { CommandSpec, OptionSpec } from './command.ts';
import { commands, globalOptions } from './commands.ts';
import { exitCodes } from './exit-codes.ts';
import { optionForm, optionSummary, programName, usageOf } from './help.ts';

/** The page's text, without the notice that it is generated. */
export function cliPage(notice: string): string {
  return [
    '# The command line',
    notice,
    `\`${programName}\` talks to the supervisor of this user and configuration, and starts it. It runs on Node 20 or newer:
\`node cli/${programName}.mjs …\` in a clone, or installed from [the npm package](packaging.md) simply \`${programName} …\`. It finds the supervisor over its socket or pipe, then
over TCP ([the client library](client.md)).`,
    `Results are on standard output, all else on standard error. With \`--json\` each result is JSON, one value a line, also an
error: \`{"error":"…","code":"…"}\` ([codes](errors.md), and \`not_running\`, \`no_reply\`, \`disconnected\`, \`usage\`, \`failed\`). There are
colours on a terminal only, and none with \`NO_COLOR\`. A reader that has seen enough (\`| head\`) is no error.`,
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]),
    ),
    '## Options of every command',
    optionTable(globalOptions),
    '## Commands',
    ...commands.map(commandSection),
  ].join('\n\n');
}

function commandSection(command: CommandSpec): string {
  const { arguments: args = [], options = {}, examples = [] } = command;
  const parts = [`### ${command.name}`, `\`${usageOf(command)}\``, `${command.summary}.`];
  if (command.details !== undefined) parts.push(command.details);
  if (args.length > 0) {
    parts.push(
      table(
        ['argument', 'meaning'],
        args.map(({ name, summary, choices }) => [
          `\`${name}\``,
          choices ? `${summary}: ${choices.join(', ')}` : summary,
        ]),
      ),
    );
  }
  if (Object.keys(options).length > 0) parts.push(optionTable(options));
  if (examples.length > 0) {
    const lines = examples.map((each) => `${programName} ${each}`);
    parts.push(['```sh', ...lines, '```'].join('\n'));
  }
  return parts.join('\n\n');
}

function optionTable(options: Readonly<Record<string, OptionSpec>>): string {
  return table(
    ['option', 'meaning'],
    Object.entries(options).map(([name, option]) => [
      `\`${optionForm(name, option)}\``,
      optionSummary(option),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
