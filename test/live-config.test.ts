/** The running program and its configuration file: edited by hand, over control, 50 times a second. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { StatusSnapshot } from '../shared/status.ts';
import {
  configText,
  Place,
  type RunningSupervisor,
  type Settings,
  startSupervisor,
} from './harness.ts';
import { connectClient } from './mcp-clients.ts';
import { until } from './until.ts';

const bare: Settings = {
  mcp: { port: 0, enabled: false },
  dashboard: { enabled: false },
  interactive_terminal: { enabled: false },
};

const sleeper = (name: string, more: object = {}) => ({
  name,
  command: process.execPath,
  args: ['-e', 'setInterval(() => {}, 1e6)'],
  ...more,
});

function pids({ services }: StatusSnapshot): Record<string, number | null> {
  return Object.fromEntries(services.map(({ name, pid }) => [name, pid]));
}

/** As editors save: another file in its place. */
async function replace({ place }: RunningSupervisor, text: string): Promise<void> {
  await writeFile(`${place.configPath}.tmp`, text);
  await rename(`${place.configPath}.tmp`, place.configPath);
}

async function save(supervisor: RunningSupervisor, text: string) {
  const { hash } = await supervisor.control<'GetConfig'>({ type: 'GetConfig' });
  return await supervisor.control<'SaveConfig'>({ type: 'SaveConfig', text, base_hash: hash });
}

test('W33 a file that is edited by hand is applied: what it is not about keeps its process, comments stay', async () => {
  await using supervisor = await startSupervisor({
    settings: bare,
    servers: [sleeper('one'), sleeper('two')],
  });
  const before = pids(await supervisor.snapshot());
  const text = `# mine\r\n${await supervisor.place.readConfig()}`;
  await replace(supervisor, text.replace('name = "two"', 'name = "two"\nenv = { A = "1" }'));
  const changed = await supervisor.until(
    'another process of two',
    (snapshot) => ![null, before['two']].includes(pids(snapshot)['two'] ?? null),
  );
  expect(pids(changed)['one']).toBe(before['one']);

  await writeFile(supervisor.place.configPath, 'not toml at all');
  const broken = await supervisor.until(
    'the problem',
    ({ config }) => config.running === 'last_good',
  );
  expect(broken.config.problems).toMatchObject([{ severity: 'error', line: 1 }]);
  expect(pids(broken)).toEqual(pids(changed));
  const { text: onDisk } = await supervisor.control<'GetConfig'>({ type: 'GetConfig' });
  expect(onDisk).toBe('not toml at all');

  // Undone: the version before is a save like any other.
  const { versions } = await supervisor.control<'ConfigHistory'>({ type: 'ConfigHistory' });
  const id = versions[0]?.id ?? '';
  const version = await supervisor.control<'ConfigVersion'>({ type: 'ConfigVersion', id });
  expect(version.text).toContain('env = { A = "1" }');
  const { applied } = await save(supervisor, version.text);
  expect(applied.changes.map(({ service, action }) => `${service}: ${action}`)).toEqual([
    'one: none',
    'two: none',
  ]);
  expect(await supervisor.place.readConfig()).toMatch(/^# mine\r\n/);
  expect(pids(await supervisor.snapshot())).toEqual(pids(changed));
});

test('another MCP program: its instances are replaced one by one, and a session goes on', async () => {
  await using supervisor = await startSupervisor({ settings: { dashboard: { enabled: false } } });
  await using client = await connectClient(supervisor.mcpUrl, 'agent');
  const register = (path: string) => client.call('memory_workspace', { action: 'register', path });
  await register('/work/before');
  const before = pids(await supervisor.snapshot());
  const text = `${await supervisor.place.readConfig()}\n[mcp.node]\nenv = { PM_TEST_A = "1" }\n`;
  const { preview } = await supervisor.control<'ValidateConfig'>({ type: 'ValidateConfig', text });
  expect(preview.changes).toContainEqual({
    service: 'mcp',
    action: 'restart',
    reason: 'changed: node.env',
  });
  const { applied } = await save(supervisor, text);
  expect(applied.changes.find(({ service }) => service === 'mcp')).toMatchObject({ ok: true });
  await supervisor.until('a new instance alone', (snapshot) => {
    const [only, ...more] = snapshot.instances;
    return more.length === 0 && only?.state === 'ready' && only.pid !== before['mcp'];
  });
  await register('/work/after');
  const { sessions } = await supervisor.snapshot();
  expect(sessions).toMatchObject([{ moves: 1 }]);
});

test('50 edits a second while services restart end in the last valid state', async () => {
  const textOf = (step: number) =>
    configText(supervisor.place.folder, bare, [
      sleeper('stays'),
      sleeper('changes', { args: ['-e', `setInterval(() => {}, 1e6); // ${step}`] }),
      ...(step % 3 === 0 ? [sleeper('comes and goes')] : []),
    ]);
  await using supervisor = await startSupervisor({ settings: bare, servers: [sleeper('stays')] });
  const { pid } = (await supervisor.snapshot()).services[0] ?? {};
  for (let step = 0; step < 100; step += 1) {
    const isBroken = step % 7 === 6;
    const text = isBroken ? `${textOf(step)}\nbroken = ` : textOf(step);
    if (step % 2 === 0) await replace(supervisor, text);
    else await writeFile(supervisor.place.configPath, text);
    if (step % 10 === 5) void supervisor.control<'Restart'>({ type: 'Restart', service: 'stays' });
    await delay(20);
  }
  await replace(supervisor, textOf(1_000));
  await supervisor.until('the last state', ({ services, config }) => {
    const names = services.map(({ name, state }) => `${name} ${state}`);
    return config.running === 'file' && names.join() === 'stays ready,changes ready';
  });
  const tree = async (service: string) =>
    (await supervisor.control<'ProcessTree'>({ type: 'ProcessTree', service })).map(
      (each) => each.command,
    );
  if (process.platform !== 'linux') return;
  await until(async () => (await tree('changes'))[0]?.endsWith('// 1000'), {
    what: 'the last program',
  });
  // Nothing of what came and went is left: one process each, and ourselves.
  await until(() => supervisor.place.survivors().length <= 4, {
    what: 'the others to be gone',
    instead: () => supervisor.place.survivors(),
  });
  expect(pid).toBeTypeOf('number');
});

test('tokens, routes, log level and events change while connections go on', async () => {
  const target = createServer((_request, response) => response.end('from the target'));
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  await using supervisor = await startSupervisor({
    settings: { ...bare, auth: { api_key: 'first-key-of-the-test' } },
  });
  const page = async (token: string) =>
    (
      await fetch(`${supervisor.ports.page_url}control`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: '{"type":"Status"}',
      })
    ).status;
  const route = async () => await (await fetch(`${supervisor.gatewayUrl}/other/x`)).text();
  expect([await page('first-key-of-the-test'), await page('second-key-of-the-test')]).toEqual([
    200, 401,
  ]);
  expect(await route()).not.toBe('from the target');

  const text = (await supervisor.place.readConfig())
    .replace('first-key', 'second-key')
    .replace('[supervisor]', '[supervisor]\nlog_level = "debug"');
  const more = `[[proxy.routes]]\npath = "/other"\ntarget = "http://127.0.0.1:${port}"\n[events]\nenabled = false\n`;
  const { applied } = await save(supervisor, `${text}\n${more}`);
  expect(applied.changes).toEqual(
    ['[supervisor]', '[events]', '[auth]', '[proxy]'].map((service) =>
      expect.objectContaining({ service, action: 'update', ok: true }),
    ),
  );
  // What a reason says may be read by anybody.
  expect(JSON.stringify(applied)).not.toContain('second-key');
  expect([await page('first-key-of-the-test'), await page('second-key-of-the-test')]).toEqual([
    401, 200,
  ]);
  expect(await route()).toBe('from the target');
  expect((await fetch(supervisor.eventsUrl)).status).toBe(503);
  expect((await supervisor.snapshot()).events.enabled).toBe(false);
  target.close();
  target.closeAllConnections();
});

test('started with nothing but a broken file, it runs as soon as the file is correct', async () => {
  await using place = await Place.create({ settings: bare, servers: [sleeper('one')] });
  const text = await place.readConfig();
  // Not the syntax: what is right in the file tells where the doors are.
  await writeFile(place.configPath, `${text}\n[reconnect]\nmax_attempts = "many"\n`);
  await using supervisor = await startSupervisor({ place, isReady: () => true });
  expect((await supervisor.snapshot()).config.running).toBe('none');
  const refused = await supervisor.client.line(
    JSON.stringify({ type: 'SaveConfig', text: 'x', base_hash: 'y' }),
  );
  expect(refused).toMatchObject({
    ok: false,
    code: 'config_invalid',
    data: { problems: [{ line: 1 }] },
  });
  await save(supervisor, text);
  const { config } = await supervisor.until('the service', ({ services }) =>
    services.some(({ name, state }) => name === 'one' && state === 'ready'),
  );
  expect(config).toMatchObject({ running: 'file', problems: [], restartNeeded: [] });
  expect(await readFile(place.configPath, 'utf8')).toBe(text);
});
