/** `pm-supervisor config edit`: the configuration in the user's editor, and back only when it is valid. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { defaultConfigText } from '../main/supervisor/config/default-config.ts';
import { formatProblem } from '../main/supervisor/config/format-problem.ts';
import { parseConfig } from '../main/supervisor/config/load-config.ts';
import type { Context } from './command.ts';
import { hasError } from './config-file.ts';
import { readOriginal, saveConfig, savedLines } from './config-save.ts';
import { CommandError, type ExitName } from './exit-codes.ts';

export async function edit(context: Context): Promise<ExitName> {
  const { out } = context;
  const original = await readOriginal(context);
  const before = original.hash === null ? defaultConfigText : original.text;
  // Only its user can read it: it may hold tokens.
  const folder = await mkdtemp(join(tmpdir(), 'pm-supervisor-'));
  const copy = join(folder, 'supervisor.toml');
  try {
    await writeFile(copy, before, { mode: 0o600 });
    for (;;) {
      await runEditor(context, copy);
      const text = await readFile(copy, 'utf8');
      if (text === before) {
        out.result({ path: original.path, saved: false }, () => 'Nothing was changed.');
        return 'ok';
      }
      const { problems } = parseConfig(text);
      for (const problem of problems) out.say(formatProblem(original.path, problem));
      if (!hasError(problems)) {
        const saved = await saveConfig(context, original, text);
        out.result({ ...saved, saved: true }, () => savedLines(saved));
        return 'ok';
      }
      if (!(await wantsToCorrect(context))) {
        throw new CommandError('The configuration was not changed: what was written has errors.');
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Editors may be given with arguments: `code --wait`. */
async function runEditor({ env, signal }: Context, file: string): Promise<void> {
  const editor =
    env['VISUAL'] || env['EDITOR'] || (process.platform === 'win32' ? 'notepad' : 'vi');
  const quoted = process.platform === 'win32' ? `"${file}"` : `'${file.replaceAll("'", "'\\''")}'`;
  const child = spawn(`${editor} ${quoted}`, { shell: true, stdio: 'inherit', env: { ...env } });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
    signal.addEventListener('abort', () => child.kill(), { once: true });
  });
  if (code !== 0) {
    throw new CommandError(
      `The editor (${editor}) ended with ${code ?? 'a signal'}; nothing was saved.`,
    );
  }
}

async function wantsToCorrect({ stdin, signal, out }: Context): Promise<boolean> {
  if (!stdin.isTTY || !out.isTerminal) return false;
  const dialogue = createInterface({ input: stdin, output: out.stdout });
  try {
    const answer = await dialogue.question('Edit it again? [Y/n] ', { signal });
    return !/^\s*n/i.test(answer);
  } finally {
    dialogue.close();
  }
}
