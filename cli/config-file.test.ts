import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from './run.test-helper.ts';

async function place(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'pm-config-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, 'supervisor.toml');
  await writeFile(config, text);
  const env = { PM_SUPERVISOR_CONFIG: config, XDG_RUNTIME_DIR: folder };
  return { folder, config, env };
}

test('check names the exact place of each problem, and ends with 1 on an error', async () => {
  const { config, env } = await place('[mcp]\nport = "x"\nprot = 1\n');
  const { code, stdout } = await runCli(['config', 'check'], { env });
  expect(code).toBe(1);
  expect(stdout.split('\n')[0]).toContain(`${config}:2:8: error: `);
  expect(stdout).toContain(`${config}:3:1: warning: `);
});

test('check takes a file, by the name it was given', async () => {
  const { folder } = await place('[mcp]\n');
  const { code, stdout } = await runCli(['config', 'check', 'supervisor.toml'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'supervisor.toml: valid\n' });
  const missing = await runCli(['config', 'check', 'nothing.toml', '--json'], { cwd: folder });
  expect(missing.code).toBe(1);
  expect(JSON.parse(missing.stdout)).toMatchObject({ valid: false, path: 'nothing.toml' });
});

test('show prints the file as it is', async () => {
  const { env } = await place('# mine\r\n[mcp]\r\n');
  expect((await runCli(['config', 'show'], { env })).stdout).toBe('# mine\r\n[mcp]\r\n');
});

/** An editor is a program that is given a file. */
async function editor(folder: string, body: string): Promise<string> {
  const file = join(folder, 'editor.sh');
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o700);
  return file;
}

test.skipIf(process.platform === 'win32')('edit saves what is valid, and only that', async () => {
  const { folder, config, env } = await place('[mcp]\n');
  const good = await editor(folder, 'printf "enabled = false\\n" >> "$1"');
  const saved = await runCli(['config', 'edit'], { env: { ...env, EDITOR: good } });
  expect(saved).toMatchObject({ code: 0 });
  expect(await readFile(config, 'utf8')).toBe('[mcp]\nenabled = false\n');

  const bad = await editor(folder, 'printf "enabled = maybe\\n" > "$1"');
  const refused = await runCli(['config', 'edit'], {
    env: { ...env, VISUAL: bad, EDITOR: 'false' },
  });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`${config}:1:`);
  expect(await readFile(config, 'utf8')).toBe('[mcp]\nenabled = false\n');

  const idle = await runCli(['config', 'edit'], { env: { ...env, EDITOR: 'true' } });
  expect(idle.stdout).toBe('Nothing was changed.\n');
  expect((await runCli(['config', 'edit'], { env: { ...env, EDITOR: 'false' } })).code).toBe(1);
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test.skipIf(process.platform === 'win32')(
  'edit does not overwrite what somebody else wrote meanwhile',
  async () => {
    const { folder, config, env } = await place('[mcp]\n');
    const body = `printf "[mcp]\\nport = 4000\\n" > ${config}; printf "enabled = false\\n" >> "$1"`;
    const { code, stderr } = await runCli(['config', 'edit'], {
      env: { ...env, EDITOR: await editor(folder, body) },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('changed meanwhile');
    expect(await readFile(config, 'utf8')).toBe('[mcp]\nport = 4000\n');
  },
);
