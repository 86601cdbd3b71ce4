/**
 * The six shapes of process trees that escape a naive stop (Linux finds strays in /proc).
 * PM_TEST_ROUNDS=10 does each ten times in a row: what leaks once in ten times leaks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { processesWithCookie } from './cookie.ts';
import { ProcessHost } from './process-host.ts';
import { deaf, treeShapes as shapes } from './tree-shapes.test-helper.ts';

const rounds = Number(process.env['PM_TEST_ROUNDS'] ?? 1);
/** What one round may take on a busy machine. */
const roundMs = 10_000;
const onLinux = process.platform === 'linux';
const logger = pino({ level: 'silent' });

let folder: string;
let family: string;
let host: ProcessHost;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-host-'));
  family = `t${folder.slice(-6)}`;
  host = new ProcessHost(family, 'run1', logger);
});

afterEach(async () => {
  host.close();
  for (const pid of await processesWithCookie(family)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function launch(script: string) {
  const up = Promise.withResolvers<void>();
  const child = host.launch(
    { command: 'sh', args: ['-c', script], workingDir: folder, env: process.env },
    (line) => {
      if (line.text === 'up') up.resolve();
    },
  );
  return { child, up: up.promise };
}

test.skipIf(!onLinux).each(Object.entries(shapes))(
  'F7 nothing of %s is left after a stop',
  async (_name, script) => {
    for (let round = 1; round <= rounds; round += 1) {
      const { child, up } = launch(script);
      await up;
      expect((await processesWithCookie(family)).length).toBeGreaterThan(0);
      expect(await child.stop(300)).toBeNull();
      expect(await processesWithCookie(family)).toEqual([]);
    }
  },
  roundMs * rounds,
);

test.skipIf(!onLinux)('what a leader leaves behind when it exits by itself is swept', async () => {
  const { child, up } = launch(shapes['a leader that died first'] ?? '');
  await up;
  await child.exited;
  await child.sweep();
  expect(await processesWithCookie(family)).toEqual([]);
});

test.skipIf(!onLinux)('a program of another run or of nobody is left alone', async () => {
  const env = { ...process.env, PM_SUPERVISOR_COOKIE: `${family}other.run9.1` };
  const stranger = spawn('sleep', ['100'], { env, stdio: 'ignore' });
  const { child, up } = launch(shapes['a plain tree'] ?? '');
  await up;
  await child.stop(300);
  await host.endStrays();
  expect(stranger.exitCode).toBeNull();
  expect(stranger.signalCode).toBeNull();
  stranger.kill('SIGKILL');
});

test.skipIf(!onLinux)(
  'W25 strays of an earlier run are ended at the next start, and counted',
  async () => {
    const env = { ...process.env, PM_SUPERVISOR_COOKIE: `${family}.run0.7` };
    const stray = spawn('sh', ['-c', deaf.replace('while', 'echo deaf; while')], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(stray.stdout, 'data');
    const { child, up } = launch(shapes['a plain tree'] ?? '');
    await up;
    expect(await host.endStrays()).toBeGreaterThan(0);
    await vi.waitFor(() => expect(stray.signalCode).toBe('SIGKILL'), patience);
    expect((await processesWithCookie(`${family}.run1`)).length).toBeGreaterThan(0);
    await child.stop(300);
  },
);

/** A process of its own that hosts the trees, so that it can be killed. */
async function startVictim(): Promise<ChildProcess> {
  const file = join(folder, 'victim.mts');
  await writeFile(
    file,
    `
import { ProcessHost } from ${JSON.stringify(join(import.meta.dirname, 'process-host.ts'))};
const host = new ProcessHost(${JSON.stringify(family)}, 'victim', console as never);
let waiting = ${Object.keys(shapes).length};
for (const script of ${JSON.stringify(Object.values(shapes))}) {
  host.launch({ command: 'sh', args: ['-c', script], workingDir: undefined, env: process.env }, (line) => {
    if (line.text === 'up' && --waiting === 0) console.log('all up');
  });
}
setInterval(() => {}, 1000);
`,
  );
  const victim = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve) => {
    victim.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('all up')) resolve();
    });
  });
  return victim;
}

test.skipIf(!onLinux)(
  'F1 W25 after a kill -9 of the supervisor every tree is gone within a second',
  async () => {
    for (let round = 1; round <= rounds; round += 1) {
      const victim = await startVictim();
      expect((await processesWithCookie(family)).length).toBeGreaterThan(5);
      victim.kill('SIGKILL');
      await vi.waitFor(async () => expect(await processesWithCookie(family)).toEqual([]), {
        timeout: 2_000,
        interval: 50,
      });
    }
  },
  roundMs * rounds,
);

test.skipIf(!onLinux)('the guardian ends with the supervisor that dismissed it', async () => {
  const guardians = async () => {
    const { stdout } = await readPs();
    return stdout.split('\n').filter((line) => line.includes(`${family}.run2`));
  };
  const other = new ProcessHost(family, 'run2', logger);
  await vi.waitFor(async () => expect(await guardians()).toHaveLength(1), patience);
  other.close();
  await vi.waitFor(async () => expect(await guardians()).toEqual([]), patience);
});

async function readPs(): Promise<{ stdout: string }> {
  const { readdir } = await import('node:fs/promises');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  );
  return { stdout: lines.join('\n').replaceAll('\0', ' ') };
}
