import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../shared/config-schema.ts';
import { formatProblem } from './format-problem.ts';
import { loadConfig, maxConfigBytes, parseConfig, usableSections } from './load-config.ts';
import { problemsIn, shown } from './problems.test-helper.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test('an empty file means all defaults, without a problem', () => {
  expect(parseConfig('')).toEqual({ config: defaultConfig, problems: [] });
});

test('what the file says is what runs, and nothing can change it afterwards', () => {
  const { config, problems } = parseConfig(
    '[mcp.pool]\nmax_instances = 2\n[events]\nenabled = false',
  );
  expect(problems).toEqual([]);
  expect(config?.mcp.pool).toEqual({ ...defaultConfig.mcp.pool, max_instances: 2 });
  expect(config?.events.enabled).toBe(false);
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config?.mcp.pool)).toBe(true);
  expect(Object.isFrozen(config?.servers)).toBe(true);
});

test('of a refused file the sections that are right by themselves can be used', () => {
  const text =
    '\uFEFF[gui_server]\nport = 4000\n[mcp]\nport = 5000\n[mcp.pool]\nmax_instances = "two"';
  expect(parseConfig(text).config).toBeNull();
  expect(usableSections(text)).toEqual({
    ...defaultConfig,
    gui_server: { ...defaultConfig.gui_server, port: 4000 },
  });
  expect(usableSections('[gui_server\nport = 4000')).toEqual(defaultConfig);
});

describe('which program runs', () => {
  test('with nothing given it is the bundled one', () => {
    const { config } = parseConfig('[mcp.node]\nenv = { A = "b" }\n');
    expect(config?.mcp.node).toEqual({ env: { A: 'b' } });
    expect(config?.dashboard.command).toBeUndefined();
  });

  test.each([
    ['command = "deno"', 'deno', ['dist/server.js'], undefined],
    ['args = []', 'node', [], undefined],
    ['working_dir = "/srv"', 'node', ['dist/server.js'], '/srv'],
  ])('with %s alone the rest is that of the old supervisor', (line, command, args, folderOf) => {
    const { node } = parseConfig(`[mcp.node]\n${line}\n`).config?.mcp ?? {};
    expect(node?.command).toBe(command);
    expect(node?.args).toEqual(args);
    expect(node?.working_dir).toBe(folderOf);
    const { dashboard } = parseConfig(`[dashboard]\n${line}\n`).config ?? {};
    expect(dashboard?.args).toEqual(args.length === 0 ? [] : ['dist/dashboard.js']);
  });
});

describe('files', () => {
  test('a byte order mark and CRLF, as Windows editors save them, change nothing', async () => {
    const path = await file('windows.toml', '\uFEFF# comment\r\n[mcp]\r\nport = "x" # y\r\n');
    const { problems, text } = await loadConfig(path);
    expect(problems.map(shown)).toEqual([
      '3:8-3:11 error mcp.port: expected a whole number from 0 to 65535, found "x"',
    ]);
    expect(text).toBe('# comment\r\n[mcp]\r\nport = "x" # y\r\n');
    const broken = '\uFEFF[mcp.node]\r\nargs = ["a",\r\n[dashboard]\r\n';
    expect(problemsIn(broken)).toEqual([
      '3:1-3:12 error the "[" opened at line 2 is not closed: it ends with "]"',
    ]);
    expect(parseConfig('\uFEFF[mcp]\r\nport = 5\r\n').config?.mcp.port).toBe(5);
    const twice = await loadConfig(await file('twice.toml', '\uFEFF\uFEFF[mcp]\n'));
    expect(twice.problems.map(({ severity, line }) => `${line} ${severity}`)).toEqual(['1 error']);
  });

  test('columns count as editors count them, also after emoji', () => {
    const text = '[mcp.node]\nenv = { A = "😀", B = 3 }\n';
    expect(problemsIn(text)).toEqual(['2:23-2:24 error mcp.node.env.B: expected text in quotes']);
  });

  test('bytes that are not UTF-8 are an error at their place', async () => {
    const before = Buffer.from('\uFEFF[mcp]\n# Größe: ');
    const path = await file('latin1.toml', Buffer.concat([before, Buffer.from([0xe4, 0x0a])]));
    const { config, problems, text } = await loadConfig(path);
    expect([config, text]).toEqual([null, null]);
    expect(problems.map(shown)).toEqual([
      '2:10-2:10 error this is not UTF-8 text; save the file as UTF-8',
    ]);
  });

  test('a file that ends within a character is not UTF-8', async () => {
    const { problems } = await loadConfig(await file('cut.toml', Buffer.from([0x23, 0xe2, 0x82])));
    expect(problems.map(shown)).toEqual([
      '1:2-1:2 error this is not UTF-8 text; save the file as UTF-8',
    ]);
  });

  test('UTF-16 is named', async () => {
    const path = await file('utf16.toml', Buffer.from('\uFEFF[mcp]', 'utf16le'));
    expect((await loadConfig(path)).problems.map(shown)).toEqual([
      '1:1-1:1 error the file is UTF-16; save it as UTF-8',
    ]);
  });

  test('a file over 1 MiB is not read', async () => {
    const path = await file('large.toml', '');
    await truncate(path, maxConfigBytes + 1);
    const expected = ['1:1-1:1 error the file is larger than 1 MiB'];
    const { problems, text } = await loadConfig(path);
    expect(problems.map(shown)).toEqual(expected);
    expect(text).toBeNull();
    expect(problemsIn('#'.repeat(maxConfigBytes + 1))).toEqual(expected);
    expect(problemsIn('#'.repeat(maxConfigBytes))).toEqual([]);
  });

  test('a missing file and a folder are problems, not exceptions', async () => {
    const missing = await loadConfig(join(folder, 'missing.toml'));
    expect(missing.problems.map(shown)).toEqual(['1:1-1:1 error there is no such file']);
    expect((await loadConfig(folder)).problems.map(shown)).toEqual([
      '1:1-1:1 error this is not a file',
    ]);
  });
});

test('a problem prints as file:line:column, which editors and terminals can jump to', () => {
  const [problem] = parseConfig('[mcp]\nprot = 1\n').problems;
  expect(problem && formatProblem('/etc/supervisor.toml', problem)).toBe(
    '/etc/supervisor.toml:2:1: warning: unknown key "prot" in [mcp] (did you mean "port"?)',
  );
});
