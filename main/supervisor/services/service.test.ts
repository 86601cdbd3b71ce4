import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freePort } from '../../../test/free-port.ts';
import { patience } from '../../../test/patience.ts';
import type { Probe } from './probes.ts';
import type { Service, ServiceOptions } from './service.ts';
import { httpServer, ServiceRig } from './service-rig.test-helper.ts';

/** What does not stop when asked is not waited for long. */
const impatient = { startTimeoutMs: 5_000, stopGraceMs: 300, probeTimeoutMs: 500 };

let rig: ServiceRig;

beforeEach(async () => {
  rig = await ServiceRig.create();
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

async function serviceOf(
  script: string,
  options: Partial<ServiceOptions> = {},
  port: number | null = null,
  readiness?: Probe,
): Promise<Service> {
  return await rig.service(script, { ...impatient, ...options }, port, readiness);
}

/** What the process itself printed. */
function printed(service: Service) {
  return service.output.tail().filter(({ stream }) => stream !== 'mark');
}

/** A zombie that process 1 has not reaped yet is dead. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

test('start resolves when the service answers, stop when its process is gone', async () => {
  const service = await serviceOf(httpServer, {}, await freePort());
  await service.start();
  const { pid, state } = service.status();
  expect(state).toBe('ready');
  expect(isAlive(pid ?? 0)).toBe(true);
  await service.stop('by hand');
  expect(service.status()).toMatchObject({ state: 'stopped', reason: 'by hand', pid: null });
  expect(isAlive(pid ?? 0)).toBe(false);
  expect(rig.transitions.map((each) => each.to)).toEqual([
    'starting',
    'ready',
    'stopping',
    'stopped',
  ]);
});

test('a killed service comes back at once as a new process, and says why', async () => {
  const service = await serviceOf(httpServer, {}, await freePort());
  await service.start();
  const first = service.status().pid ?? 0;
  process.kill(first, 'SIGKILL');
  await vi.waitFor(
    () => expect(service.status()).toMatchObject({ state: 'ready', restarts: 1 }),
    patience,
  );
  expect(service.status().pid).not.toBe(first);
  expect(service.status().lastExit).toMatchObject({ signal: 'SIGKILL' });
  expect(
    rig.transitions.find((each) => each.to === 'starting' && each.from === 'ready')?.reason,
  ).toBe('ended with signal SIGKILL');
});

test('a service that dies at once ends in a crash loop that goes on trying and tells when', async () => {
  const service = await serviceOf(
    `console.error('Error: no database here\\nsome footer'); process.exit(3);`,
  );
  await service.start();
  await vi.waitFor(() => expect(service.state).toBe('crash_loop'), patience);
  const status = service.status();
  expect(status.reason).toBe('ended with exit code 3: Error: no database here');
  expect(status.nextRetryAt).not.toBeNull();
  expect(status.lastExit?.code).toBe(3);
  const { restarts } = status;
  await vi.waitFor(() => expect(service.status().restarts).toBeGreaterThan(restarts), patience);
});

test('a command that does not exist fails for good, with the cause in words', async () => {
  const service = await serviceOf('', {
    prepare: async () => ({
      command: 'no-such-command-here',
      args: [],
      workingDir: undefined,
      env: process.env,
      port: null,
      url: null,
      readiness: null,
    }),
  });
  await service.start().catch(() => {});
  await vi.waitFor(() => expect(service.state).toBe('failed'), patience);
  expect(service.status().reason).toContain('"no-such-command-here" was not found');
  expect(service.status().nextRetryAt).toBeNull();
});

test('W15 a slow start is not a failed start: the start deadline is its own', async () => {
  const port = await freePort();
  const service = await serviceOf(
    `setTimeout(() => import('./server.mjs'), 700);`,
    { probeTimeoutMs: 100 },
    port,
  );
  await writeFile(join(rig.folder, 'server.mjs'), httpServer);
  await service.start();
  expect(service.status()).toMatchObject({ state: 'ready', restarts: 0 });
});

test('a service that never answers is ended at its start deadline and tried again', async () => {
  const service = await serviceOf(
    'setInterval(() => {}, 1000);',
    { startTimeoutMs: 200 },
    await freePort(),
  );
  await service.start().catch(() => {});
  await vi.waitFor(() => expect(service.status().restarts).toBeGreaterThan(0), patience);
  expect(rig.transitions.some((each) => /not ready within 200 ms/.test(each.reason))).toBe(true);
});

test('a server without a health route is ready when it answers at all, if that is said', async () => {
  const port = await freePort();
  const script = `
import { createServer } from 'node:http';
createServer((request, response) => response.writeHead(404).end()).listen(${port}, '127.0.0.1');`;
  const probe = (pathMayBeMissing: boolean) =>
    ({ kind: 'http', url: `http://127.0.0.1:${port}/health`, pathMayBeMissing }) as const;
  const service = await serviceOf(script, {}, port, probe(true));
  await service.start();
  expect(service.state).toBe('ready');
  await service.stop('by hand');
  const strict = await serviceOf(script, { startTimeoutMs: 2_000 }, port, probe(false));
  await strict.start().catch(() => {});
  expect(rig.transitions.some((each) => each.reason.includes('answered 404'))).toBe(true);
});

test('W26 stop asks first: a service gets its SIGTERM and the time to finish', async () => {
  const service = await serviceOf(
    `
import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => setTimeout(() => { writeFileSync(process.env.FOLDER + '/done', 'flushed'); process.exit(0); }, 100));
console.log('up'); setInterval(() => {}, 1000);`,
    { stopGraceMs: 5_000 },
  );
  await service.start();
  await vi.waitFor(() => expect(printed(service)).toHaveLength(1), patience);
  await service.stop('by hand');
  expect(await readFile(join(rig.folder, 'done'), 'utf8')).toBe('flushed');
});

test('stop reaches children that ignore SIGTERM after their parent obeyed it', async () => {
  const service = await serviceOf(`
import { spawn } from 'node:child_process';
const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)"], { stdio: ['ignore', 'pipe', 'ignore'] });
child.stdout.once('data', () => console.log(child.pid));
process.on('SIGTERM', () => process.exit(0));
`);
  await service.start();
  await vi.waitFor(() => expect(printed(service)).toHaveLength(1), patience);
  const grandchild = Number(printed(service)[0]?.text);
  expect(isAlive(grandchild)).toBe(true);
  await service.stop('by hand');
  expect(isAlive(grandchild)).toBe(false);
});

test('never_restart leaves a crashed service down, restart_on_failure a finished one', async () => {
  const crashed = await serviceOf('process.exit(1);', { restartPolicy: 'never_restart' });
  await crashed.start().catch(() => {});
  await vi.waitFor(() => expect(crashed.state).toBe('failed'), patience);
  const finished = await serviceOf('', { restartPolicy: 'restart_on_failure' });
  await finished.start().catch(() => {});
  await vi.waitFor(() => expect(finished.state).toBe('stopped'), patience);
  expect(finished.status().restarts).toBe(0);
});

test('start while it is still stopping waits and then starts', async () => {
  const service = await serviceOf(httpServer, {}, await freePort());
  await service.start();
  const stopping = service.stop('by hand');
  await service.start();
  await stopping;
  expect(service.state).toBe('ready');
});

test('a stop that is asked for while it restarts has the last word', async () => {
  const service = await serviceOf(
    `process.on('SIGTERM', () => setTimeout(process.exit, 100)); setInterval(() => {}, 1e6);`,
  );
  await service.start();
  const restarted = service.restart('by hand');
  const refused = expect(restarted).rejects.toThrow(/: enough$/);
  await service.stop('enough');
  await refused;
  expect(service.status()).toMatchObject({ state: 'stopped', reason: 'enough', pid: null });
});

test('W29 output that is not UTF-8 does not stop the reading', async () => {
  const service = await serviceOf(`
process.stdout.write(Buffer.from([0xff, 0xfe, 0x0a]));
process.stdout.write('x'.repeat(40000) + '\\nlast\\n');
setInterval(() => {}, 1000);`);
  await service.start();
  await vi.waitFor(() => expect(printed(service).at(-1)?.text).toBe('last'), patience);
  expect(printed(service).map((line) => line.text.length)).toEqual([2, 16384, 16384, 7232, 4]);
});
