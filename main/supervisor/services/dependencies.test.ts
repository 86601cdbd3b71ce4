import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CodedError } from '../../../shared/errors.ts';
import { patience } from '../../../test/patience.ts';
import { Cooldowns } from './cooldowns.ts';
import { Dependencies, type NeededStatus, type Needs } from './dependencies.ts';
import type { Service, ServiceOptions } from './service.ts';
import { ServiceRig } from './service-rig.test-helper.ts';

const sleeper = 'setInterval(() => {}, 1000)';

let rig: ServiceRig;

beforeEach(async () => {
  rig = await ServiceRig.create();
});

afterEach(() => rig[Symbol.asyncDispose]());

const ready = (...names: string[]): Needs => ({ names, condition: 'ready' });

function statusOf(more: Partial<NeededStatus>): NeededStatus {
  return { name: 'mcp', state: 'ready', reason: '', pid: 1, lastError: null, ...more };
}

test.each<[string, Partial<NeededStatus>, Needs['condition'], string | null]>([
  ['ready', {}, 'ready', null],
  ['starting', { state: 'starting' }, 'ready', 'waits for mcp'],
  ['starting', { state: 'starting' }, 'started', null],
  ['without a process yet', { state: 'starting', pid: null }, 'started', 'waits for mcp'],
  ['not answering now', { state: 'unhealthy' }, 'ready', 'waits for mcp'],
  ['not answering now', { state: 'unhealthy' }, 'started', null],
  ['stopped', { state: 'stopped', pid: null }, 'ready', 'waits for mcp (stopped)'],
  ['resting until somebody calls', { state: 'stopped', isResting: true }, 'ready', null],
  ['failed', { state: 'failed', lastError: 'no port' }, 'ready', 'waits for mcp (failed: no port)'],
  [
    'tried again after a crash',
    { state: 'starting', lastError: 'ended with exit code 1' },
    'ready',
    'waits for mcp (in trouble: ended with exit code 1)',
  ],
])('one that needs a service that is %s', (_what, more, condition, words) => {
  const needs = [['a', { names: ['MCP'], condition }]] as const;
  const dependencies = new Dependencies(needs, () => statusOf(more));
  expect(dependencies.of('A').waitsFor()).toBe(words);
});

test('a service that is switched off is not waited for', () => {
  expect(new Dependencies([['a', ready('mcp')]], () => null).of('a').waitsFor()).toBeNull();
});

/** c needs b, b needs a; d needs a. Real processes. */
async function family(optionsOfA: Partial<ServiceOptions> = {}) {
  const services = new Map<string, Service>();
  const needs = [
    ['b', ready('a')],
    ['c', ready('b')],
    ['d', ready('A')],
  ] as const;
  const dependencies = new Dependencies(
    needs,
    (name) => services.get(name.toLowerCase())?.status() ?? null,
  );
  for (const name of ['a', 'b', 'c', 'd']) {
    const options = {
      ...(name === 'a' && optionsOfA),
      name,
      needs: dependencies.of(name),
      onTransition: () => dependencies.changed(),
    };
    services.set(name, await rig.service(sleeper, options));
  }
  const of = (name: string) => services.get(name) as Service;
  return { dependencies, of, all: [...services.values()] };
}

test('each starts when what it needs is ready, whatever is started first', async () => {
  const { all } = await family();
  await Promise.all(all.toReversed().map((service) => service.start()));
  const order = rig.transitions.filter(({ to }) => to === 'ready').map(({ service }) => service);
  expect(order.indexOf('a')).toBe(0);
  expect(order.indexOf('b')).toBeLessThan(order.indexOf('c'));
  expect(rig.transitions).toContainEqual(
    expect.objectContaining({ service: 'c', reason: 'waits for b' }),
  );
});

test('all stop in the reverse order, side by side where they are free to', async () => {
  const { all, dependencies, of } = await family();
  await Promise.all(all.map((service) => service.start()));
  await dependencies.stopInOrder(['a', 'b', 'c', 'd'], (name) => of(name).stop('the end'));
  const at = (service: string, to: string) =>
    rig.transitions.findIndex((each) => each.service === service && each.to === to);
  expect(at('b', 'stopping')).toBeGreaterThan(at('c', 'stopped'));
  expect(at('a', 'stopping')).toBeGreaterThan(at('b', 'stopped'));
  expect(at('a', 'stopping')).toBeGreaterThan(at('d', 'stopped'));
  expect(at('d', 'stopping')).toBeLessThan(at('c', 'stopped'));
});

test('F15 a service whose dependency failed waits, says so, and starts when that is cured', async () => {
  const problem = 'Port 1 is in use by node (pid 7).';
  let isCured = false;
  const { of } = await family({
    prepare: async () => {
      if (!isCured) throw new CodedError('port_taken', problem);
      return {
        command: process.execPath,
        args: ['-e', sleeper],
        workingDir: undefined,
        env: process.env,
        port: null,
        url: null,
        readiness: null,
      };
    },
  });
  await of('a')
    .start()
    .catch(() => {});
  const started = of('b').start();
  const waits = `waits for a (failed: ${problem})`;
  await vi.waitFor(() => expect(of('b').status().reason).toBe(waits), patience);
  expect(of('b').status()).toMatchObject({ state: 'starting', pid: null });
  // Restarting it while it waits neither wedges it nor leaves an untracked copy (process-compose#530).
  const again = of('b').restart('by hand');
  await expect(started).rejects.toThrow('by hand');
  await vi.waitFor(() => expect(of('b').status().reason).toBe(waits), patience);
  isCured = true;
  await of('a').start();
  await again;
  expect(of('b').state).toBe('ready');
});

test('F15 a service that waits can be stopped', async () => {
  const { of } = await family();
  const started = of('b').start();
  await vi.waitFor(() => expect(of('b').status().reason).toBe('waits for a (stopped)'), patience);
  await of('b').stop('enough');
  await expect(started).rejects.toThrow('enough');
  await of('a').start();
  expect(of('b').status()).toMatchObject({ state: 'stopped', pid: null });
});

test('a restart of what it needs leaves a service running', async () => {
  const { all, of } = await family();
  await Promise.all(all.map((service) => service.start()));
  const { pid } = of('b').status();
  await of('a').restart('by hand');
  expect(of('b').status()).toMatchObject({ state: 'ready', pid, restarts: 0 });
});

test('W24 the shared cooldowns hold those that depend on it, and all, but not what is started by hand', () => {
  const dependencies = new Dependencies(
    [
      ['b', ready('a')],
      ['c', ready('b')],
    ],
    () => null,
  );
  const dependentsOf = (name: string) => dependencies.dependentsOf(name);
  const settings = { afterAttempts: 3, dependencyGroupMs: 60_000, globalMs: 0 };
  const group = new Cooldowns(settings, dependentsOf);
  group.of('a').failed(2);
  expect(group.of('b').remainingMs()).toBe(0);
  group.of('A').failed(3);
  expect(['a', 'b', 'C', 'd'].map((name) => group.of(name).remainingMs() > 0)).toEqual([
    false,
    true,
    true,
    false,
  ]);
  const all = new Cooldowns({ ...settings, globalMs: 60_000 }, dependentsOf);
  all.of('a').failed(3);
  expect(['a', 'd'].map((name) => all.of(name).remainingMs() > 0)).toEqual([true, true]);
  const off = new Cooldowns({ ...settings, afterAttempts: 0, globalMs: 60_000 }, dependentsOf);
  off.of('a').failed(100);
  expect(off.of('a').remainingMs()).toBe(0);
});

test('W24 a restart waits for the cooldown, a start by hand does not', async () => {
  const cooldown = { failed: () => {}, remainingMs: () => 60_000 };
  const service = await rig.service('process.exit(1)', { cooldown });
  await service.start().catch(() => {});
  await vi.waitFor(() => expect(service.state).toBe('backing_off'), patience);
  const due = new Date(service.status().nextRetryAt ?? 0).getTime();
  expect(due - Date.now()).toBeGreaterThan(30_000);
  await service.start().catch(() => {});
  await vi.waitFor(() => expect(service.status().restarts).toBe(1), patience);
});
