/** How the program begins and ends, and what it does about mistakes: its user's and other programs'. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import type { StatusSnapshot } from '../shared/status.ts';
import { ControlClient } from './control-client.ts';
import { Place, type RunningSupervisor, type Settings, startSupervisor } from './harness.ts';
import { connectClient } from './mcp-clients.ts';
import { isAlive, isListening } from './processes.ts';
import { SseClient } from './sse-client.ts';
import { until } from './until.ts';

/** Windows ends a process at once, whatever the signal: nothing there is orderly. */
const hasSignals = process.platform !== 'win32';

/** A service that does nothing, for ever. */
const sleeper = {
  name: 'sleeper',
  command: process.execPath,
  args: ['-e', 'setInterval(() => {}, 1e6)'],
};

/** Starts within moments. */
const bare: Settings = { mcp: { port: 0, enabled: false }, dashboard: { enabled: false } };

function serviceOf({ services }: StatusSnapshot, name: string) {
  return services.find((service) => service.name === name);
}

describe('a supervisor that runs', () => {
  let supervisor: RunningSupervisor;

  beforeAll(async () => {
    supervisor = await startSupervisor({
      servers: [sleeper, { name: 'missing', command: 'no-such-program-anywhere' }],
      isReady: ({ services }) =>
        services.every(
          ({ name, state, onDemand }) =>
            onDemand || state === (name === 'missing' ? 'failed' : 'ready'),
        ),
    });
  });

  afterAll(() => supervisor?.[Symbol.asyncDispose]());

  test('runs everything but the service whose command does not exist, and says why', async () => {
    const { services, instances } = await supervisor.snapshot();
    expect(services.map(({ name, state }) => [name, state])).toEqual([
      ['mcp', 'ready'],
      ['dashboard', 'ready'],
      ['interactive_terminal', 'stopped'],
      ['sleeper', 'ready'],
      ['missing', 'failed'],
    ]);
    expect(instances).toMatchObject([{ state: 'ready' }]);
    const reason = expect.stringMatching(/"no-such-program-anywhere" was not found/);
    expect(services.at(-1)).toMatchObject({ reason, lastError: reason, restarts: 0, pid: null });
    const status = await supervisor.control<'Status'>({ type: 'Status' });
    expect(status.find(({ name }) => name === 'missing')?.status).toEqual({ error: reason });
  });

  test('starts a service again that was killed', async () => {
    const before = serviceOf(await supervisor.snapshot(), 'sleeper');
    process.kill(before?.pid ?? 0, 'SIGKILL');
    const after = await supervisor.until('a new process', (snapshot) => {
      const service = serviceOf(snapshot, 'sleeper');
      return service?.state === 'ready' && service.pid !== before?.pid;
    });
    expect(serviceOf(after, 'sleeper')).toMatchObject({ restarts: (before?.restarts ?? 0) + 1 });
  });

  test('is found by a second start, which leaves it alone', async () => {
    const before = await supervisor.snapshot();
    const second = supervisor.place.spawn();
    expect(await second.exited).toBe(0);
    expect(second.output()).toContain(`process ${supervisor.process.pid}`);
    expect(second.output()).toContain(supervisor.loginUrl);
    const after = await supervisor.snapshot();
    expect(after.services.map(({ pid }) => pid)).toEqual(before.services.map(({ pid }) => pid));
    expect(await supervisor.place.ports()).toMatchObject({
      supervisor_pid: supervisor.process.pid,
    });
  });

  test('answers on the socket and over TCP at the same time, each line with one reply', async () => {
    for (const client of await bothDoors(supervisor)) {
      const replies = await Promise.all([
        client.line('{"type":"WhoAmI","request_id":"first"}'),
        client.line('{"type":'),
        client.line('[]'),
        client.line('{"type":"MakeCoffee"}'),
        client.line('{"type":"ServiceHealth","service":"nobody"}'),
        client.line(`{"type":"EmitTestEvent","message":"${'x'.repeat(2 * 1024 * 1024)}"}`),
        client.line('{"type":"Status"}'),
      ]);
      expect(replies).toMatchObject([
        { ok: true, data: { request_id: 'first', pid: supervisor.process.pid, mode: 'headless' } },
        { ok: false, code: 'bad_json' },
        { ok: false, code: 'bad_request' },
        { ok: false, code: 'unknown_type' },
        { ok: false, code: 'unknown_service' },
        { ok: false, code: 'too_large' },
        { ok: true, data: expect.arrayContaining([expect.objectContaining({ name: 'mcp' })]) },
      ]);
      expect(await client.line('{"type":"EventStats","id":7}')).toMatchObject({ ok: true, id: 7 });
      client.close();
    }
  });

  test('a file that breaks while it runs does no harm', async () => {
    const before = await supervisor.snapshot();
    await supervisor.place.writeConfig('this is = not TOML');
    const second = supervisor.place.spawn();
    expect(await second.exited).toBe(0);
    expect(second.output()).toContain(`${supervisor.place.configPath}:1:`);
    expect(second.output()).toContain(`process ${supervisor.process.pid}`);
    const after = await supervisor.snapshot();
    expect(serviceOf(after, 'sleeper')?.pid).toBe(serviceOf(before, 'sleeper')?.pid);
  });

  test('ShutdownSupervisor over TCP is answered, then it ends with 0', async () => {
    const [, tcp] = await bothDoors(supervisor);
    expect(await tcp.line('{"type":"ShutdownSupervisor"}')).toMatchObject({
      ok: true,
      data: { shutdown: 'requested' },
    });
    expect(await supervisor.process.exited).toBe(0);
    expect(supervisor.place.survivors()).toEqual([]);
  });
});

test.skipIf(!hasSignals)(
  'SIGTERM ends all of it in five seconds, in order, without a trace',
  async () => {
    await using supervisor = await startSupervisor({
      settings: { 'mcp.pool': { min_instances: 2, base_port: 0 } },
      servers: [sleeper],
    });
    const { services, instances } = await supervisor.snapshot();
    const pids = [...services, ...instances].flatMap(({ pid }) => pid ?? []);
    const ports = await addressesOf(supervisor);
    await using _client = await connectClient(supervisor.mcpUrl, 'still here');
    using subscriber = await SseClient.open(supervisor.eventsUrl);

    const since = performance.now();
    expect(await supervisor.stop('SIGTERM')).toBe(0);
    expect(performance.now() - since).toBeLessThan(5_000);
    await subscriber.ended;
    expect(subscriber.events.map(({ type }) => type)).toEqual(['shutdown']);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(supervisor.place.survivors()).toEqual([]);
    for (const address of ports) expect(await isListening(address), String(address)).toBe(false);
    expect(existsSync(supervisor.ports.control_socket)).toBe(false);
    expect(existsSync(supervisor.place.portsPath)).toBe(false);
  },
);

test.skipIf(!hasSignals)('Ctrl-C ends it as well, even while it starts', async () => {
  await using place = await Place.create({ servers: [sleeper] });
  const early = place.spawn();
  await until(() => place.ports(), { what: 'its first sign of life' });
  early.kill('SIGINT');
  expect(await early.exited).toBe(0);
  expect(place.survivors()).toEqual([]);
  expect(existsSync(place.portsPath)).toBe(false);
});

test('a broken file at the first start: no service, but page and control say what is wrong', async () => {
  await using supervisor = await startSupervisor({
    settings: { dashboard: { port: 0, restart_policy: 'sometimes' } },
    servers: [sleeper],
    isReady: () => true,
  });
  const { place } = supervisor;
  const lines = (await place.readConfig()).split('\n');
  const line = lines.findIndex((text) => text.startsWith('restart_policy')) + 1;
  const column = 'restart_policy = '.length + 1;
  expect(supervisor.output()).toContain(
    `${place.configPath}:${line}:${column}: error: dashboard.restart_policy: expected one of`,
  );
  expect(supervisor.output()).toContain('No service is started');
  expect(await supervisor.snapshot()).toMatchObject({
    config: { running: 'none', problems: [{ severity: 'error', line, column }] },
    services: [],
    instances: [],
  });
  const page = await fetch(supervisor.loginUrl, { redirect: 'manual' });
  expect(page.status).toBe(303);
  // The door stands where the file says, though another section is wrong.
  expect(Number(new URL(supervisor.loginUrl).port)).not.toBe(3464);
});

test('a file that breaks later: the last good one runs, and everybody is told', async () => {
  await using place = await Place.create({ settings: bare, servers: [sleeper] });
  const good = await place.readConfig();
  const first = await startSupervisor({ place });
  await first[Symbol.asyncDispose]();
  await place.writeConfig(`${good}\n[events\nenabled = false\n`);

  await using second = await startSupervisor({ place });
  const line = good.split('\n').length + 1;
  expect(second.output()).toContain(`${place.configPath}:${line}:1: error: `);
  expect(second.output()).toContain('Running on the last one that was valid');
  const snapshot = await second.snapshot();
  expect(snapshot.config).toMatchObject({ running: 'last_good', problems: [{ line, column: 1 }] });
  expect(serviceOf(snapshot, 'sleeper')).toMatchObject({ state: 'ready' });
});

test('a gateway port that another program has is named, and that program lives on', async () => {
  const other = createServer((_request, response) => response.end('still here'));
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve);
  });
  const { port } = other.address() as AddressInfo;
  try {
    await using place = await Place.create({ settings: { mcp: { port } } });
    let output = '';
    const attempt = async () => {
      const started = place.spawn();
      expect(await started.exited).toBe(1);
      output = started.output();
      expect(output).toMatch(`cannot start: Port ${port} of the MCP gateway`);
      return output.includes(`in use by node (pid ${process.pid})`);
    };
    // Who it is must be found within five seconds, which a loaded machine may not have: then it is asked again.
    await until(attempt, { what: 'the name of who has the port', instead: () => output });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('still here');
    expect(place.survivors()).toEqual([]);
    expect(existsSync(place.portsPath)).toBe(false);
  } finally {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  }
});

test('--check-config says what is wrong and where, and starts nothing', async () => {
  await using place = await Place.create();
  const check = async () => {
    const run = place.spawn('--check-config');
    return { code: await run.exited, output: run.output() };
  };
  expect(await check()).toEqual({ code: 0, output: `${place.configPath}: valid\n` });
  await place.writeConfig('[mcp.pool]\nmin_instance = 2\n');
  expect(await check()).toEqual({
    code: 0,
    output: expect.stringMatching(/:2:1: warning: .*did you mean "?min_instances"?.*\n.*valid\n$/i),
  });
  await place.writeConfig('[mcp.pool]\nmin_instances = "two"\n');
  expect(await check()).toEqual({
    code: 1,
    output: expect.stringMatching(/supervisor\.toml:2:17: error: .*found "two"/),
  });
  expect(existsSync(place.portsPath)).toBe(false);
});

test('--version and --help answer and end; an unknown option is explained', async () => {
  await using place = await Place.create();
  const run = async (...args: readonly string[]) => {
    const started = place.spawn(...args);
    return { code: await started.exited, output: started.output() };
  };
  const [version, help, unknown] = await Promise.all([
    run('--version'),
    run('--help'),
    run('--colour'),
  ]);
  expect(version).toEqual({ code: 0, output: `${packageJson.version}\n` });
  expect(help.code).toBe(0);
  expect(help.output).toMatch(/^Usage: npm start -- \[options\]/);
  expect(unknown.code).toBe(1);
  expect(unknown.output).toMatch(/--colour/);
});

async function bothDoors({ ports }: RunningSupervisor) {
  return await Promise.all([
    ControlClient.open(ports.control_socket),
    ControlClient.open(ports.services['control_tcp'] ?? 0),
  ]);
}

/** Everything that somebody could connect to. */
async function addressesOf(supervisor: RunningSupervisor): Promise<readonly (number | string)[]> {
  const { instances } = await supervisor.snapshot();
  const ports = await supervisor.place.ports();
  const numbers = [
    ...Object.values(ports?.services ?? {}),
    ...instances.map((instance) => instance.port),
  ];
  return [supervisor.ports.control_socket, ...numbers.filter((port) => port !== null)];
}
