/**
 * Files as people break them, and what they are told: each problem at the exact token. Read
 * `fixtures/broken-configs/expected.txt` (`file:line:column-line:column severity: message`).
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../main/supervisor/config/load-config.ts';

const folder = join(import.meta.dirname, 'fixtures', 'broken-configs');
const program = join(import.meta.dirname, '..', 'out', 'main', 'headless.js');
const expected = readFileSync(join(folder, 'expected.txt'), 'utf8').trimEnd().split('\n');
const files = readdirSync(folder).filter((name) => name.endsWith('.toml'));

test('there is one problem for each file, so that none hides behind another', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(expected.map((line) => line.split(':', 1)[0])).toEqual(files.toSorted());
});

test.each(files)('%s is told at its token', async (file) => {
  const { problems, config } = await loadConfig(join(folder, file));
  const lines = problems.map(
    ({ line, column, endLine, endColumn, severity, message }) =>
      `${file}:${line}:${column}-${endLine}:${endColumn} ${severity}: ${message}`,
  );
  expect(lines).toEqual(expected.filter((line) => line.startsWith(`${file}:`)));
  expect(config === null).toBe(problems.some(({ severity }) => severity === 'error'));
});

test('on the command line a problem is one that editors and terminals can jump to', () => {
  const check = (file: string) => {
    const args = [program, '--check-config', '--config', join(folder, file)];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return [status, stdout.replaceAll(folder, '')];
  };
  expect(check('wrong-word.toml')).toEqual([
    1,
    expect.stringMatching(/^.wrong-word\.toml:2:13: error: supervisor\.log_level: expected one of/),
  ]);
  expect(check('misspelt-key.toml')).toEqual([
    0,
    expect.stringMatching(/^.misspelt-key\.toml:2:1: warning: .*\n.misspelt-key\.toml: valid\n$/),
  ]);
});
