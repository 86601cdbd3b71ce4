/** The six shapes of process trees that escape a naive stop (Linux finds strays in /proc). */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { processesWithCookie } from './cookie.ts';
import { ProcessHost } from './process-host.ts';

const onLinux = process.platform === 'linux';
const logger = pino({ level: 'silent' });
const deaf = `trap '' TERM; while :; do sleep 0.2; done`;

/** Each prints `up` when its whole tree stands. */
const shapes: Readonly<Record<string, string>> = {
  'a plain tree': `sh -c 'sleep 100 & sleep 100' & sleep 100 & echo up; wait`,
  'a leader that obeys while its child does not': `sh -c "${deaf}" & trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done`,
  'a child in a session of its own': `setsid sh -c "${deaf}" & echo up; wait`,
  'a daemon that forked twice': `(setsid sh -c 'sleep 100 & exit 0' &) ; sleep 0.2; echo up; sleep 100`,
  'a leader that died first': `sh -c "${deaf}" & echo up; exit 0`,
  'a shell around a shell, as npm makes it': `sh -c "sh -c 'sleep 100'; :"& echo up; wait`,
};

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
  'nothing of %s is left after a stop',
  async (_name, script) => {
    const { child, up } = launch(script);
    await up;
    expect((await processesWithCookie(family)).length).toBeGreaterThan(0);
    await child.stop(300);
    expect(await processesWithCookie(family)).toEqual([]);
  },
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
    const stray = spawn('sh', ['-c', deaf], { env, stdio: 'ignore', detached: true });
    await vi.waitFor(async () => expect(await processesWithCookie(family)).toContain(stray.pid));
    const { child, up } = launch(shapes['a plain tree'] ?? '');
    await up;
    expect(await host.endStrays()).toBeGreaterThan(0);
    await vi.waitFor(() => expect(stray.signalCode).toBe('SIGKILL'));
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
  'W25 after a kill -9 of the supervisor every tree is gone within a second',
  async () => {
    const victim = await startVictim();
    expect((await processesWithCookie(family)).length).toBeGreaterThan(5);
    victim.kill('SIGKILL');
    await vi.waitFor(async () => expect(await processesWithCookie(family)).toEqual([]), {
      timeout: 2_000,
      interval: 50,
    });
  },
);

test.skipIf(!onLinux)('the guardian ends with the supervisor that dismissed it', async () => {
  const guardians = async () => {
    const { stdout } = await readPs();
    return stdout.split('\n').filter((line) => line.includes(`${family}.run2`));
  };
  const other = new ProcessHost(family, 'run2', logger);
  await vi.waitFor(async () => expect(await guardians()).toHaveLength(1));
  other.close();
  await vi.waitFor(async () => expect(await guardians()).toEqual([]));
});

async function readPs(): Promise<{ stdout: string }> {
  const { readdir } = await import('node:fs/promises');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  );
  return { stdout: lines.join('\n').replaceAll('\0', ' ') };
}
