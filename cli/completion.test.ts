import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commands } from './commands.ts';
import { runCli } from './run.test-helper.ts';

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

async function scriptOf(shell: string): Promise<string> {
  return (await runCli(['completion', shell])).stdout;
}

test.each(['bash', 'zsh', 'fish', 'powershell'])(
  '%s: every command and option is in it',
  async (shell) => {
    const script = await scriptOf(shell);
    for (const { name, options = {} } of commands) {
      for (const word of name.split(' ')) expect(script).toContain(word);
      for (const option of Object.keys(options)) {
        expect(script).toContain(shell === 'fish' ? `-l ${option}` : `--${option}`);
      }
    }
  },
);

test.each([
  ['bash', '-n'],
  ['zsh', '-n'],
  ['fish', '-n'],
])('%s takes the script', async (shell, check) => {
  if (!has(shell)) return;
  const { status, stderr } = spawnSync(shell, [check], {
    input: await scriptOf(shell),
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

/** What bash offers behind these words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pm-bash-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'pm-supervisor');
  writeFileSync(program, '#!/bin/sh\n[ "$*" = "status --names" ] && printf "mcp\\ndashboard\\n"\n');
  chmodSync(program, 0o700);
  const list = ['pm-supervisor', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${await scriptOf('bash')}
COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _pm_supervisor; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const path = `${folder}:${process.env['PATH']}`;
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', env: { PATH: path } });
  return stdout.split('\n').filter((word) => word !== '');
}

/** A shell for each question, on a machine that has other things to do. */
const timeout = 60_000;

test.skipIf(!has('bash'))(
  'bash offers commands, their parts, options and values',
  { timeout },
  async () => {
    expect(await offered('s')).toEqual([
      'start',
      'stop',
      'status',
      'service',
      'sessions',
      'scale-up',
    ]);
    expect(await offered('config', '')).toEqual(['path', 'check', 'show', 'edit', 'import']);
    expect(await offered('logs', '--t')).toEqual(['--timestamps']);
    expect(await offered('--json', 'logs', '')).toEqual(['mcp', 'dashboard']);
    expect(await offered('service', 'restart', 'd')).toEqual(['dashboard']);
    expect(await offered('service', 're')).toEqual(['restart', 'remove']);
    expect(await offered('config', 'import', '--from', '')).toEqual(['claude', 'vscode', 'cursor']);
    expect(await offered('events', '--types', 'plan_c')).toEqual(['plan_created']);
    expect(await offered('completion', 'f')).toEqual(['fish']);
  },
);
