import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FakeDoor } from '../client/fake-door.test-helper.ts';
import { parseJsonc } from './jsonc.ts';
import { runCli } from './run.test-helper.ts';
import { nameFor } from './server-entry.ts';

interface Home {
  readonly folder: string;
  readonly config: string;
  readonly project: string;
  put(path: string, content: unknown): Promise<void>;
  run(...argv: readonly string[]): ReturnType<typeof runCli>;
}

/** A home folder with a project in it, and nobody else's files. */
async function home(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'pm-import-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  vi.stubEnv('HOME', folder);
  vi.stubEnv('USERPROFILE', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const project = join(folder, 'project');
  await mkdir(project);
  const config = join(folder, 'supervisor.toml');
  const env = {
    PM_SUPERVISOR_CONFIG: config,
    XDG_RUNTIME_DIR: folder,
    APPDATA: folder,
    MY_KEY: 'k',
  };
  return {
    folder,
    config,
    project,
    put: async (path, content) => {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    },
    run: (...argv) => runCli(['config', 'import', ...argv], { env, cwd: project }),
  };
}

const servers = async (config: string) =>
  parse(await readFile(config, 'utf8'))['servers'] as readonly Record<string, unknown>[];

test('Claude, VS Code and Cursor: each in its place and its own words', async () => {
  const at = await home();
  await writeFile(at.config, '# mine\n[mcp]\nenabled = false\n');
  await at.put('.claude.json', {
    mcpServers: { one: { type: 'stdio', command: 'npx', args: ['-y', 'one'] } },
    projects: { [at.project]: { mcpServers: { mine: { command: 'mine' } } } },
  });
  await at.put('project/.mcp.json', { mcpServers: { two: { command: 'two' } } });
  await at.put(
    'project/.vscode/mcp.json',
    // As VS Code has it: comments, trailing commas, its own variables.
    `{ // servers
      "servers": { "three": { "type": "stdio", "command": "\${workspaceFolder}/bin/three", "args": ["--home", "\${userHome}"], },
        "far": { "type": "http", "url": "https://example.org/mcp" }, }, }`,
  );
  await at.put('.cursor/mcp.json', {
    mcpServers: {
      four: {
        command: 'four',
        env: { MY_KEY: `\${env:MY_KEY}`, B: `x\${env:MY_KEY}` },
        disabled: true,
      },
    },
  });
  const { code, stdout, stderr } = await at.run();
  expect(stderr).toContain('Skipped far');
  expect(stdout).toContain('Added one, mine, two, three, four.');
  expect(code).toBe(0);
  const text = await readFile(at.config, 'utf8');
  expect(text.startsWith('# mine\n[mcp]\nenabled = false\n\n# Imported from ')).toBe(true);
  expect(await servers(at.config)).toEqual([
    { name: 'one', transport: 'stdio', command: 'npx', args: ['-y', 'one'] },
    { name: 'mine', transport: 'stdio', command: 'mine', args: [], working_dir: at.project },
    { name: 'two', transport: 'stdio', command: 'two', args: [], working_dir: at.project },
    {
      name: 'three',
      transport: 'stdio',
      command: join(at.project, 'bin/three'),
      args: ['--home', at.folder],
      working_dir: at.project,
    },
    {
      name: 'four',
      transport: 'stdio',
      command: 'four',
      args: [],
      enabled: false,
      env: { B: 'xk' },
    },
  ]);
  const again = await at.run('--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ added: [], saved: false });
  expect(await readFile(at.config, 'utf8')).toBe(text);
});

test('--from looks in one program only, --dry-run writes nothing', async () => {
  const at = await home();
  await writeFile(at.config, '[mcp]\n');
  await at.put('.cursor/mcp.json', { mcpServers: { c: { command: 'c' } } });
  await at.put('.claude.json', { mcpServers: { a: { command: 'a' } } });
  const { stdout, code } = await at.run('--from', 'cursor', '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toContain('[[servers]]\nname = "c"\n');
  expect(stdout).not.toContain('"a"');
  expect(await readFile(at.config, 'utf8')).toBe('[mcp]\n');
});

test.each([
  ['\uFEFF# Ä\r\n[mcp]\r\nenabled = true # why\r\n', '\r\n'],
  ['[mcp]\nenabled = true', '\n'],
  ['', '\n'],
])('every byte that was there stays: %j', async (before, end) => {
  const at = await home();
  await writeFile(at.config, before);
  await chmod(at.config, 0o640);
  await at.put('mcp.json', { mcpServers: { x: { command: 'x' } } });
  expect((await at.run(join(at.folder, 'mcp.json'))).code).toBe(0);
  const after = await readFile(at.config, 'utf8');
  expect(after.startsWith(before)).toBe(true);
  const added = after.slice(before.length);
  expect(added.replaceAll('\r\n', '\n').match(/\n/g)).toHaveLength(
    (added.match(new RegExp(end, 'g')) ?? []).length,
  );
  if (process.platform !== 'win32') expect((await stat(at.config)).mode & 0o777).toBe(0o640);
});

test('a configuration behind a link stays behind it', async () => {
  const at = await home();
  const real = join(at.project, 'real.toml');
  await writeFile(real, '[mcp]\n');
  await symlink(real, at.config);
  await at.put('mcp.json', { servers: { x: { command: 'x' } } });
  await at.run(join(at.folder, 'mcp.json'));
  expect(await readFile(real, 'utf8')).toContain('name = "x"');
});

test('names that exist are skipped in any case, odd ones made fit, and both are told', async () => {
  const at = await home();
  await writeFile(at.config, '[[servers]]\nname = "Search"\ncommand = "x"\n');
  await at.put('mcp.json', {
    mcpServers: {
      search: { command: 'a' },
      mcp: { command: 'b' },
      '@scope/näme!': { command: 'c' },
    },
  });
  const { stderr } = await at.run(join(at.folder, 'mcp.json'));
  expect(stderr).toContain('Skipped search');
  expect(stderr).toContain('mcp: it is called mcp-server here');
  expect((await servers(at.config)).map(({ name }) => name)).toEqual([
    'Search',
    'mcp-server',
    'scope-näme',
  ]);
});

test('secrets are kept and warned about; the warning does not repeat them', async () => {
  const at = await home();
  await at.put('mcp.json', {
    mcpServers: {
      gh: {
        command: 'gh',
        args: ['--token', 'ghp_123'],
        env: { GITHUB_TOKEN: 'very', MODE: 'fast' },
      },
    },
  });
  const { stderr } = await at.run(join(at.folder, 'mcp.json'));
  expect(stderr).toContain('gh: env GITHUB_TOKEN: a secret');
  expect(stderr).toContain('gh: args: they seem to hold a secret');
  expect(stderr).not.toMatch(/very|ghp_123|MODE/);
  expect((await servers(at.config)).at(-1)).toMatchObject({
    env: { GITHUB_TOKEN: 'very', MODE: 'fast' },
  });
});

test('what cannot be run here is skipped with the reason', async () => {
  const at = await home();
  await at.put('mcp.json', {
    servers: {
      asks: { command: 'x', env: { KEY: `\${input:api-key}` } },
      empty: {},
      list: { command: 'x', args: 'y' },
      old: { type: 'sse', url: 'http://x' },
    },
  });
  const { stdout, code } = await at.run(join(at.folder, 'mcp.json'), '--json');
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as { skipped: { name: string; reason: string }[] };
  expect(report.skipped.map(({ name, reason }) => [name, reason])).toEqual([
    ['asks', `it needs \${input:api-key}, which is not known here`],
    ['empty', 'it has no command'],
    ['list', 'its args are no list of texts'],
    ['old', 'it is reached at an address, and nothing is to be run here'],
  ]);
});

test('anything that may stand in a text arrives as it was', async () => {
  const at = await home();
  const odd = ['C:\\a b\\c', 'it\'s "so"', 'tab\tline\nend', '\u0001\u007f', '😀é', "'\\'", '${'];
  await at.put('mcp.json', { servers: { x: { command: 'x', args: odd, env: { 'a.b c': '1' } } } });
  await at.run(join(at.folder, 'mcp.json'));
  expect((await servers(at.config)).at(-1)).toMatchObject({ args: odd, env: { 'a.b c': '1' } });
});

test('a configuration with errors is not added to', async () => {
  const at = await home();
  await writeFile(at.config, '[mcp\n');
  await at.put('mcp.json', { servers: { x: { command: 'x' } } });
  const { code, stderr } = await at.run(join(at.folder, 'mcp.json'));
  expect(code).toBe(1);
  expect(stderr).toContain(`${at.config}:1:`);
  expect(await readFile(at.config, 'utf8')).toBe('[mcp\n');
});

test('a file that is no JSON is named; the others are read', async () => {
  const at = await home();
  await at.put('.claude.json', '{');
  await at.put('.cursor/mcp.json', { mcpServers: { x: { command: 'x' } } });
  const { code, stderr, stdout } = await at.run();
  expect(code).toBe(0);
  expect(stderr).toContain('.claude.json: it is not JSON');
  expect(stdout).toContain('Added x.');
  expect((await at.run(join(at.folder, '.claude.json'))).code).toBe(1);
});

test('where a supervisor runs, it is the one that writes', async () => {
  const at = await home();
  await writeFile(at.config, '[mcp]\n');
  const door = await FakeDoor.open(({ id, type }, say) => {
    const change = { service: 'x', action: 'start', reason: 'new', ok: true, error: null };
    const applied = { changes: [change], restart_needed: [] };
    if (type === 'SaveConfig') say({ ok: true, data: { path: at.config, hash: 'h', applied }, id });
  });
  onTestFinished(() => door[Symbol.asyncDispose]());
  await at.put('ports.json', { control_socket: door.path });
  await at.put('mcp.json', { servers: { x: { command: 'x' } } });
  const { stdout } = await at.run(join(at.folder, 'mcp.json'));
  expect(stdout).toContain('  x: start (new)');
  expect(await readFile(at.config, 'utf8')).toBe('[mcp]\n');
  const save = door.requests.find(({ type }) => type === 'SaveConfig');
  expect(save?.['base_hash']).toBe(createHash('sha256').update('[mcp]\n').digest('hex'));
});

test('JSON with comments is read, and strings that look like comments stay', () => {
  expect(
    parseJsonc('\uFEFF{/* a */"u":"http://x/*y*/",// c\n"l":[1,/* d */],"s":"a\\"//,]",}'),
  ).toEqual({
    u: 'http://x/*y*/',
    l: [1],
    s: 'a"//,]',
  });
  expect(() => parseJsonc('{"a":1,,}')).toThrow(SyntaxError);
});

test.each([
  ['search', 'search'],
  ['  .hidden. ', 'hidden'],
  ['io.github.user/server', 'io.github.user-server'],
  ['', 'server'],
  ['///', 'server'],
  ['Dashboard', 'Dashboard-server'],
  ['x'.repeat(100), 'x'.repeat(56)],
])('the name %j becomes %j', (name, fit) => {
  expect(nameFor(name)).toBe(fit);
});
