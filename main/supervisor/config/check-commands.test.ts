import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { missingPrograms } from './check-commands.ts';
import { shown } from './problems.test-helper.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-commands-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function problemsIn(
  text: string,
  env: Record<string, string> = { PATH: process.env['PATH'] ?? '' },
) {
  const places = { env: { ...env, PATHEXT: process.env['PATHEXT'] }, folder: (dir: string) => dir };
  return (await missingPrograms(text, places)).map(shown);
}

const server = (line: string) => `[[servers]]\nname = "a"\n${line}\n`;

test('a program that is not in PATH is a warning at its name, in every section', async () => {
  const text = [
    '[mcp.node]\ncommand = "no-such-1"',
    '[dashboard]\ncommand = "node"',
    '[interactive_terminal]\nshell = "no-such-2"',
    '[[form_apps]]\nname = "x"\ncommand = "no-such-3"',
    server('command = "no-such-4"'),
  ].join('\n');
  const warning = (name: string) =>
    `warning there is no program "${name}" in PATH: install it, or correct the name`;
  expect(await problemsIn(text)).toEqual([
    `2:11-2:22 ${warning('no-such-1')}`,
    `6:9-6:20 ${warning('no-such-2')}`,
    `9:11-9:22 ${warning('no-such-3')}`,
    `12:11-12:22 ${warning('no-such-4')}`,
  ]);
});

test('what nobody starts is not missed', async () => {
  const off = [
    '[mcp]\nbackend = "container"\n[mcp.node]\ncommand = "no-such"',
    '[mcp]\nenabled = false\n[mcp.node]\ncommand = "no-such"',
    '[dashboard]\nenabled = false\ncommand = "no-such"',
    '[fallback_api]\ncommand = "no-such"',
    server('command = "no-such"\nenabled = false'),
    'not toml',
    '[servers]\ncommand = 5',
  ];
  for (const text of off) expect(await problemsIn(text)).toEqual([]);
});

test.skipIf(process.platform === 'win32')(
  'PATH of the section counts, paths count from the working folder, a file must be runnable',
  async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'tool'), '#!/bin/sh\n');
    await chmod(join(bin, 'tool'), 0o755);
    await writeFile(join(bin, 'text'), '');
    expect(await problemsIn(server('command = "tool"'))).toHaveLength(1);
    expect(await problemsIn(server(`command = "tool"\nenv = { PATH = "${bin}" }`))).toEqual([]);
    expect(await problemsIn(server(`command = "bin/tool"\nworking_dir = "${folder}"`))).toEqual([]);
    expect(await problemsIn(server(`command = "./tool"\nworking_dir = "${folder}"`))).toHaveLength(
      1,
    );
    expect(await problemsIn(server(`command = "${bin}/tool"`))).toEqual([]);
    expect(await problemsIn(server(`command = "${bin}/text"`))).toHaveLength(1);
    expect(await problemsIn(server(`command = "${bin}"`))).toHaveLength(1);
  },
);

test('a working folder that is missing is the reason', async () => {
  const gone = join(folder, 'gone');
  expect(await problemsIn(server(`command = "node"\nworking_dir = '${gone}'`))).toEqual([
    `4:15-4:${17 + gone.length} warning there is no folder ${gone}: the program cannot start there`,
  ]);
});
