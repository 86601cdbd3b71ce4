import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PortsFile, portsFilePath, removePortsFile, writePortsFile } from './ports-file.ts';

const content: PortsFile = {
  schema_version: 1,
  written_at_unix: 1_790_000_000,
  supervisor_pid: 4711,
  services: {
    mcp_proxy: 3457,
    mcp_pool_base: 3460,
    interactive_terminal: null,
    dashboard: 3459,
    fallback_api: null,
    gui_server: 3464,
    control_tcp: 45_470,
  },
  custom_services: { search: 8080 },
  control_socket: '/run/user/1000/project-memory-supervisor/control.sock',
  page_url: 'http://127.0.0.1:3464/',
};

let folder = '';
let config = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-ports-'));
  config = join(folder, 'supervisor.toml');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('ports.json stands beside the configuration, in the shape that old clients read', async () => {
  await writePortsFile(config, content);
  const path = portsFilePath(config);
  expect(path).toBe(join(folder, 'ports.json'));
  const written = JSON.parse(await readFile(path, 'utf8'));
  expect(written).toEqual(content);
  expect(written).toMatchObject({
    schema_version: 1,
    services: { mcp_proxy: 3457, dashboard: 3459 },
  });
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('what an earlier run left is replaced', async () => {
  await writePortsFile(config, { ...content, supervisor_pid: 1 });
  await writePortsFile(config, content);
  expect(JSON.parse(await readFile(portsFilePath(config), 'utf8'))).toEqual(content);
  expect(await readdir(folder)).toEqual(['ports.json']);
});

test('a clean exit removes the file', async () => {
  await writePortsFile(config, content);
  await removePortsFile(config, 4711);
  expect(await readdir(folder)).toEqual([]);
  await removePortsFile(config, 4711);
});

test('the file of another supervisor stays', async () => {
  await writePortsFile(config, content);
  await removePortsFile(config, 4712);
  expect(await readdir(folder)).toEqual(['ports.json']);
});

test.each(['', '{', 'null', '[]', '"4711"'])(
  'a file that says %j is not ours, and stays',
  async (text) => {
    await writeFile(portsFilePath(config), text);
    await removePortsFile(config, 4711);
    expect(await readdir(folder)).toEqual(['ports.json']);
  },
);
