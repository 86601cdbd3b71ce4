/** F11: a supervisor without file descriptors blames nobody for it. It is a process of its own, so that it can run out of them. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isShortage, Shortage } from './shortage.ts';
import { spawnProblem } from './spawn-problem.ts';

let folder: string;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-shortage-'));
  server = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});

afterEach(async () => {
  vi.useRealTimers();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

/** What the program prints, line by line, when it may have sixty descriptors. */
async function runAtLimit(source: string): Promise<readonly string[]> {
  const path = join(folder, 'program.mts');
  await writeFile(path, source);
  const child = spawn('sh', ['-c', 'ulimit -n 60 && exec "$0" "$1"', process.execPath, path], {
    // Not the whole environment: certificates of NODE_EXTRA_CA_CERTS are read by a thread, at any time.
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (await text(child.stdout)).trim().split('\n');
}

/**
 * Opens files until there is no descriptor left, is asked for an answer and a measurement, then closes them.
 * Node may have had one open just then and close it later, so it fills up again before each probe.
 */
const program = (port: number) => `
import { closeSync, openSync } from 'node:fs';
import { Resources } from ${JSON.stringify(join(import.meta.dirname, 'resources.ts'))};
import { Shortage } from ${JSON.stringify(join(import.meta.dirname, 'shortage.ts'))};
import { untilDead } from ${JSON.stringify(join(import.meta.dirname, 'watch.ts'))};

const samples = [];
const resources = new Resources({ roots: () => new Set(), onSample: () => samples.push(resources.self) });
const leave = resources.look();
const files = [];
const fill = () => {
  try {
    for (;;) files.push(openSync('/dev/null'));
  } catch (error) {
    return error.code;
  }
};
console.log('none left: ' + fill());
let isFull = true;
const said = { error: ({ cause }, words) => console.log('told: ' + words), info: () => {} };
const over = new AbortController();
let misses = 0;
const settings = {
  periodMs: 20,
  // Looked up when a probe begins.
  get timeoutMs() {
    if (isFull) fill();
    return 10_000;
  },
  threshold: 1,
};
const dead = untilDead({
  settings,
  probe: { kind: 'tcp', port: ${port} },
  isBusy: () => false,
  shortage: new Shortage(said),
  onAnswer: () => over.abort(),
  onMiss: () => { misses += 1; },
}, over.signal);
// The first measurement was begun before; the second one comes two seconds later.
const look = setInterval(() => {
  if (samples.length < 2) return;
  clearInterval(look);
  leave();
  isFull = false;
  for (const file of files) closeSync(file);
}, 20);
console.log('given up: ' + await dead + ', missed: ' + misses);
`;

test.skipIf(process.platform === 'win32')(
  'F11 without file descriptors no service is blamed, it is said once, and measuring goes on',
  async () => {
    const { port } = server.address() as { port: number };
    expect(await runAtLimit(program(port))).toEqual([
      'none left: EMFILE',
      expect.stringMatching(/^told: the supervisor has reached a limit of the system/),
      'given up: null, missed: 0',
    ]);
  },
  30_000,
);

/** Looks for a process while there is no descriptor, and goes on to look until there is one. */
const search = (cookie: string) => `
import { closeSync, openSync } from 'node:fs';
import { processesWithCookie } from ${JSON.stringify(join(import.meta.dirname, 'cookie.ts'))};
const files = [];
try {
  for (;;) files.push(openSync('/dev/null'));
} catch {}
setTimeout(() => {
  for (const file of files) closeSync(file);
}, 300);
console.log((await processesWithCookie(${JSON.stringify(cookie)})).join());
`;

test.skipIf(process.platform !== 'linux')(
  'F11 without file descriptors no stray is overlooked: a stop waits until it can look',
  async () => {
    const cookie = `shortage-test.${process.pid}`;
    const env = { ...process.env, PM_SUPERVISOR_COOKIE: `${cookie}.1` };
    const stray = spawn('sleep', ['100'], { env, stdio: 'ignore' });
    try {
      expect(await runAtLimit(search(cookie))).toEqual([String(stray.pid)]);
    } finally {
      stray.kill('SIGKILL');
    }
  },
  30_000,
);

test('it is told once, and its end when nothing has failed for half a minute', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const logger = { error: vi.fn(), info: vi.fn() };
  const shortage = new Shortage(logger);
  shortage.over();
  shortage.met('EMFILE');
  shortage.over();
  shortage.met('EMFILE');
  vi.advanceTimersByTime(29_000);
  shortage.over();
  expect([logger.error.mock.calls.length, logger.info.mock.calls.length]).toEqual([1, 0]);
  vi.advanceTimersByTime(1_000);
  shortage.over();
  shortage.over();
  expect([logger.error.mock.calls.length, logger.info.mock.calls.length]).toEqual([1, 1]);
  shortage.met('EMFILE');
  expect(logger.error).toHaveBeenCalledTimes(2);
});

test('what a service does wrong is no shortage of ours', () => {
  const error = (code: string) => Object.assign(new Error(code), { code });
  expect(['EMFILE', 'ENFILE', 'EAGAIN'].map((code) => isShortage(error(code)))).not.toContain(
    false,
  );
  expect(
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT'].map((code) => isShortage(error(code))),
  ).not.toContain(true);
});

test('a process that cannot be started for it is told with the cure, and tried again', async () => {
  const command = { command: 'web', args: [], workingDir: undefined, env: {} };
  const error = Object.assign(new Error('spawn web EMFILE'), { code: 'EMFILE' });
  expect(await spawnProblem(command, error)).toEqual({
    reason: expect.stringMatching(/limit of the system \(EMFILE\).*ulimit -n.*tried again/),
    permanent: false,
  });
});
