/** The faults of supervision.md §5 that concern one service, and what its user is told of them. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CodedError } from '../../../shared/errors.ts';
import { freePort } from '../../../test/free-port.ts';
import { patience } from '../../../test/patience.ts';
import { testProcesses } from './processes.test-helper.ts';
import type { Launch } from './service.ts';
import { httpServer, quickBackOff, ServiceRig } from './service-rig.test-helper.ts';

const onWindows = process.platform === 'win32';

let rig: ServiceRig;

beforeEach(async () => {
  rig = await ServiceRig.create();
});

afterEach(() => rig[Symbol.asyncDispose]());

function launchOf(more: Partial<Launch>): () => Promise<Launch> {
  return async () => ({
    command: process.execPath,
    args: ['-e', 'setInterval(() => {}, 1000)'],
    workingDir: rig.folder,
    env: process.env,
    port: null,
    url: null,
    readiness: null,
    ...more,
  });
}

test.skipIf(onWindows).each([
  [
    'a command that does not exist',
    { command: 'no-such-command-here' },
    /"no-such-command-here" was not found/,
  ],
  [
    'a folder that does not exist',
    { workingDir: '/no/such/folder' },
    /working_dir "\/no\/such\/folder" does not exist/,
  ],
  ['a folder that is a file', { workingDir: process.execPath }, /working_dir ".*" is not a folder/],
  ['a file that is not executable', { command: 'plain' }, /"plain" cannot be executed \(EACCES\)/],
  [
    'arguments that no system takes',
    { args: ['x'.repeat(4_000_000)] },
    /cannot start ".*": .*E2BIG/,
  ],
] as const)(
  'F3 %s fails at once, for good, and says what to correct',
  async (_what, more, reason) => {
    const plain = join(rig.folder, 'plain');
    await writeFile(plain, '#!/bin/sh\n');
    await chmod(plain, 0o600);
    const command = 'command' in more && more.command === 'plain' ? { command: plain } : {};
    const service = await rig.service('', { prepare: launchOf({ ...more, ...command }) });
    await expect(service.start()).rejects.toThrow(CodedError);
    expect(service.status().reason.replace(plain, 'plain')).toMatch(reason);
    expect(service.status()).toMatchObject({ state: 'failed', nextRetryAt: null, restarts: 0 });
  },
);

test('F3 what failed for good is tried again by hand', async () => {
  let command = 'no-such-command-here';
  const service = await rig.service('', { prepare: () => launchOf({ command })() });
  await service.start().catch(() => {});
  expect(service.state).toBe('failed');
  command = process.execPath;
  await service.start();
  expect(service.state).toBe('ready');
});

test.each([
  ['an exit code', 'process.exit(3)', /ended with exit code 3/],
  ['exit code 0', 'process.exit(0)', /ended with exit code 0/],
  ['a signal', `process.kill(process.pid, 'SIGKILL')`, /ended with signal SIGKILL/],
])(
  'F3 a service that dies by %s again and again is in a crash loop, with the time of its next try',
  async (_what, script, reason) => {
    const service = await rig.service(script);
    await service.start().catch(() => {});
    await vi.waitFor(() => expect(service.state).toBe('crash_loop'), patience);
    expect(service.status().reason).toMatch(reason);
    expect(service.status().nextRetryAt).not.toBeNull();
  },
);

test('F3 each transition that an end causes carries the exit code or signal', async () => {
  const service = await rig.service('setInterval(() => {}, 1000)');
  await service.start();
  process.kill(service.status().pid ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(service.status().restarts).toBe(1), patience);
  expect(service.history.find(({ exit }) => exit !== undefined)).toMatchObject({
    from: 'ready',
    to: 'starting',
    exit: { code: null, signal: 'SIGKILL' },
  });
});

test('W24 the restart policy and max_attempts of the configuration are obeyed', async () => {
  const backOff = { ...quickBackOff, maxAttempts: 2 };
  const never = await rig.service('process.exit(1)', { restartPolicy: 'never_restart' });
  const twice = await rig.service('process.exit(1)', { backOff });
  await Promise.all([never.start().catch(() => {}), twice.start().catch(() => {})]);
  await vi.waitFor(
    () => expect([never.state, twice.state]).toEqual(['failed', 'failed']),
    patience,
  );
  expect([never.status().restarts, twice.status().restarts]).toEqual([0, 2]);
});

test('W28 a first start that fails is tried again like any other', async () => {
  const service = await rig.service(`
import { existsSync, writeFileSync } from 'node:fs';
const mark = process.env.FOLDER + '/second';
if (!existsSync(mark)) { writeFileSync(mark, ''); process.exit(1); }
setInterval(() => {}, 1000);`);
  await service.start().catch(() => {});
  await vi.waitFor(
    () => expect(service.status()).toMatchObject({ state: 'ready', restarts: 1 }),
    patience,
  );
});

test('F4 a port that is taken when it starts is a cause, not a crash loop', async () => {
  const taken = async () => {
    throw new CodedError('port_taken', 'Port 1 of the dashboard is in use by node (pid 7).');
  };
  const service = await rig.service('', { prepare: taken });
  await expect(service.start()).rejects.toThrow('in use by node (pid 7)');
  expect(service.status()).toMatchObject({ state: 'failed', restarts: 0, nextRetryAt: null });
});

test('F15 stop while it starts: it never runs, and the start is told', async () => {
  const gate = Promise.withResolvers<void>();
  const service = await rig.service('', {
    prepare: async () => {
      await gate.promise;
      return await launchOf({})();
    },
  });
  const started = service.start();
  const stopped = service.stop('by hand');
  gate.resolve();
  await expect(started).rejects.toThrow('by hand');
  await stopped;
  expect(service.status()).toMatchObject({ state: 'stopped', reason: 'by hand', pid: null });
  expect(rig.states(service.name)).toEqual(['starting', 'stopping', 'stopped']);
});

test('F15 stop while it is not ready yet leaves no process', async () => {
  const service = await rig.service('setInterval(() => {}, 1000)', {}, await freePort());
  const started = service.start();
  started.catch(() => {});
  await vi.waitFor(() => expect(service.status().pid).not.toBeNull(), patience);
  const { pid } = service.status();
  await service.stop('by hand');
  await expect(started).rejects.toThrow('by hand');
  expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
});

test('F15 stop during a back-off ends it: nothing is started afterwards', async () => {
  const service = await rig.service('process.exit(1)');
  await service.start().catch(() => {});
  await vi.waitFor(() => expect(service.state).toMatch(/backing_off|crash_loop/), patience);
  await service.stop('by hand');
  const { restarts } = service.status();
  expect(service.status()).toMatchObject({ state: 'stopped', nextRetryAt: null });
  // Longer than the longest wait of this test's policy.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(service.status()).toMatchObject({ state: 'stopped', restarts });
});

test('F15 many starts, stops and restarts at once: never two processes, and the last word counts', async () => {
  let alive = 0;
  let most = 0;
  const processes = {
    launch: (...args: Parameters<typeof testProcesses.launch>) => {
      const child = testProcesses.launch(...args);
      alive += 1;
      most = Math.max(most, alive);
      void child.exited.then(() => {
        alive -= 1;
      });
      return child;
    },
  };
  const service = await rig.service(httpServer, { processes }, await freePort());
  const calls = [
    () => service.start(),
    () => service.restart('again'),
    () => service.stop('by hand'),
  ];
  const made = Array.from({ length: 12 }, async (_, index) => await calls[(index * 7) % 3]?.());
  await Promise.allSettled(made);
  await service.start();
  expect(service.state).toBe('ready');
  await service.stop('by hand');
  expect(service.status()).toMatchObject({ state: 'stopped', pid: null });
  expect({ alive, most }).toEqual({ alive: 0, most: 1 });
});

test.skipIf(onWindows)('while a stop waits it names what it waits for', async () => {
  const service = await rig.service(
    `process.title = 'node hanging'; process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000);`,
    {
      stopGraceMs: 2_500,
      prepare: launchOf({
        args: [
          '-e',
          `process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000);`,
        ],
        readiness: { kind: 'log', pattern: /^up$/u },
      }),
    },
  );
  await service.start();
  const { pid } = service.status();
  const stopped = service.stop('by hand');
  await vi.waitFor(() => expect(service.status().reason).toContain(`waits for process ${pid} (`), {
    timeout: 5_000,
  });
  expect(service.state).toBe('stopping');
  await stopped;
  expect(service.status()).toMatchObject({ state: 'stopped', reason: 'by hand' });
});

test('ready by a line: colours do not hide it, and lines of an earlier process do not count', async () => {
  const script = `
console.log('\\u001b[32mlistening\\u001b[0m on port 80');
setTimeout(() => process.exit(1), 200);`;
  const service = await rig.service('', {
    prepare: launchOf({
      args: ['--input-type=module', '-e', script],
      readiness: { kind: 'log', pattern: /listening on port \d+/u },
    }),
  });
  await service.start();
  expect(service.state).toBe('ready');
  await vi.waitFor(
    () =>
      expect(rig.states(service.name).filter((state) => state === 'ready').length).toBeGreaterThan(
        1,
      ),
    patience,
  );
});

test('a line that never comes: not ready, with the pattern that was waited for', async () => {
  const service = await rig.service('', {
    startTimeoutMs: 300,
    prepare: launchOf({ readiness: { kind: 'log', pattern: /never/u } }),
  });
  await service.start().catch(() => {});
  await vi.waitFor(() => expect(service.status().restarts).toBeGreaterThan(0), patience);
  expect(rig.transitions.map(({ reason }) => reason)).toContain(
    'not ready within 300 ms: it printed no line that matches /never/u',
  );
});

test('a service that stops answering is unhealthy, then restarted; one that works is left alone', async () => {
  const liveness = { periodMs: 50, timeoutMs: 200, threshold: 2 };
  const script = `
import { createServer } from 'node:http';
let asked = 0;
createServer((request, response) => { if (++asked < 3) response.end('ok'); }).listen(Number(process.env.PORT), '127.0.0.1');`;
  const idle = await rig.service(script, { name: 'idle', liveness }, await freePort());
  let isBusy = true;
  const busy = await rig.service(
    script,
    { name: 'busy', liveness, isBusy: () => isBusy },
    await freePort(),
  );
  await Promise.all([idle.start(), busy.start()]);
  await vi.waitFor(() => expect(idle.status().restarts).toBeGreaterThan(0), patience);
  expect(rig.states('idle')).toContain('unhealthy');
  expect(rig.states('busy')).toEqual(['starting', 'ready']);
  isBusy = false;
  await vi.waitFor(() => expect(busy.status().restarts).toBeGreaterThan(0), patience);
});
