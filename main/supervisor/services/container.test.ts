/** With an engine that is a script: no podman or docker is needed, and none was run. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { configSchema } from '../../../shared/config-schema.ts';
import { freePort } from '../../../test/free-port.ts';
import { patience } from '../../../test/patience.ts';
import { ContainerHost, familyLabel, runArguments } from './container.ts';
import { FakeEngine } from './fake-engine.test-helper.ts';
import { testProcesses } from './processes.test-helper.ts';

type Given = Readonly<Record<string, unknown>>;

const settingsOf = (given: Given = {}) =>
  configSchema.parse({ mcp: { container: { image: 'plain', ...given } } }).mcp.container;

let engine: FakeEngine;
let family: string;

beforeEach(async () => {
  engine = await FakeEngine.create();
  family = randomBytes(4).toString('hex');
});

afterEach(async () => {
  await engine[Symbol.asyncDispose]();
});

function hostOf(given: Given = {}, env = engine.env) {
  const warn = vi.fn();
  const settings = settingsOf(given);
  const logger = { warn };
  const host = new ContainerHost({ settings, family, env, processes: testProcesses, logger });
  return { host, warn };
}

/** Starts an instance and waits until it answers. */
async function run(host: ContainerHost, instance = 'mcp:1') {
  const port = await freePort();
  const command = await host.prepare(instance, port);
  const child = host.launch(command, () => {});
  await vi.waitFor(
    async () => expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200),
    { timeout: 10_000, interval: 50 },
  );
  return { child, name: command.container, port };
}

test('an instance is a container that can be reached at its port, on this machine only', async () => {
  const { host } = hostOf({ env: { MCP_MODE: 'secret' }, args: ['--verbose'] });
  const { child, name, port } = await run(host);
  expect(await engine.containers()).toEqual([name]);
  expect(name).toBe(`project-memory-mcp-${family}-1`);
  const asked = (await engine.asked()).find(({ args }) => args[0] === 'run');
  expect(asked?.args.slice(-2)).toEqual(['plain', '--verbose']);
  expect(asked?.args).toContain(`127.0.0.1:${port}:3000`);
  // The engine gets values from its environment, never on a command line that every user can read.
  expect(asked?.env).toBe('secret');
  expect(asked?.args.join(' ')).not.toContain('secret');
  expect(await child.stop(5_000)).toBeNull();
});

test.each(['plain', 'deaf', 'stuck'])(
  'nothing of a container is left after a stop (%s)',
  { timeout: 20_000 },
  async (image) => {
    const { host } = hostOf({ image });
    const { child, port } = await run(host);
    expect(await child.stop(300)).toBeNull();
    expect(await engine.containers()).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed');
  },
);

test('a container whose command was killed is removed before another one takes its name', async () => {
  const { host } = hostOf();
  const { child, name } = await run(host);
  process.kill(child.pid ?? 0, 'SIGKILL');
  await child.exited;
  expect(await engine.containers()).toEqual([name]);
  expect(await child.sweep()).toBeNull();
  expect(await engine.containers()).toEqual([]);
});

test('containers that a killed run left are removed at the next start, those of others are not', async () => {
  const left = await run(hostOf().host);
  process.kill(left.child.pid ?? 0, 'SIGKILL');
  await left.child.exited;
  const ours = family;
  family = `${family}other`;
  const stranger = await run(hostOf().host, 'mcp:2');
  family = ours;
  const { host, warn } = hostOf();
  await host.prepare('mcp:1', 1);
  expect(await engine.containers()).toEqual([stranger.name]);
  expect(warn).toHaveBeenCalledOnce();
  await host.prepare('mcp:2', 2);
  const looks = (await engine.asked()).filter(({ args }) => args[0] === 'ps');
  expect(looks, 'each host looks once').toHaveLength(3);
});

test('without an engine the message names the cure, and an engine installed later is found', async () => {
  const { host } = hostOf({ engine: 'docker' }, { PATH: '/nonexistent' });
  const attempt = host.prepare('mcp:1', 1);
  await expect(attempt).rejects.toMatchObject({ code: 'service_failed' });
  await expect(attempt).rejects.toThrow(
    /"docker" was not found\. Install Docker.*engine = "podman".*backend = "node"/,
  );
  await expect(host.prepare('mcp:1', 1)).rejects.toThrow('was not found');
});

test('what the engine says is the reason when it cannot run the image', async () => {
  const { host } = hostOf({ image: 'broken' });
  const lines: string[] = [];
  const child = host.launch(await host.prepare('mcp:1', 1), (line) => lines.push(line.text));
  expect((await child.exited).code).toBe(125);
  await vi.waitFor(() => expect(lines).toContain('Error: no such image'), patience);
  expect(await child.sweep()).toBeNull();
});

test('every port of the image is published on a host port of its own, never on the network', () => {
  const settings = settingsOf({ ports: ['0.0.0.0:80:3000', '9229'], labels: { a: 'b' } });
  const args = runArguments(settings, { container: 'c', family: 'f', port: 3460 });
  const after = (flag: string) => args.filter((_arg, index) => args[index - 1] === flag);
  expect(after('--publish')).toEqual(['127.0.0.1:3460:3000', '127.0.0.1::9229']);
  expect(after('--label')).toEqual(['a=b', `${familyLabel}=f`]);
});

test.each([['x'], ['3000:'], ['70000'], ['0'], ['1:2:3:4']])('the port %s is refused', (port) => {
  expect(() => settingsOf({ ports: [port] })).toThrow();
});
