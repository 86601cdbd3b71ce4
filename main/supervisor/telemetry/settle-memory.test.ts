/**
 * In processes of their own: what is collected and flushed is a whole process's. They say what they hold when
 * there has been a big collection; nothing else in them would bring one about.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Five seconds pass before anything is given back; the rest is for a busy machine. */
const timeoutMs = 60_000;

const mib = 1024 * 1024;

/** Of the garbage so much must be gone. */
const givenBackBytes = 30 * mib;

interface Held {
  readonly usedBytes: number;
  /** With the room for more that the heap has taken. */
  readonly heapBytes: number;
}

const source = `
import { enableCompileCache } from 'node:module';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Worker, isMainThread } from 'node:worker_threads';

const [, file, where, cache] = process.argv;
if (where === 'a thread' && isMainThread) {
  new Worker(file, { argv: [where, cache] });
} else {
  enableCompileCache(cache);
  const { settleMemory } = await import(${JSON.stringify(new URL('settle-memory.ts', import.meta.url).href)});
  const say = (what) => {
    const { used_heap_size: usedBytes, total_heap_size: heapBytes } = getHeapStatistics();
    process.stdout.write(JSON.stringify({ what, usedBytes, heapBytes }) + '\\n');
  };
  let garbage = Array.from({ length: 400_000 }, (_each, index) => ({ index, text: 'text ' + index }));
  say(garbage.length === 400_000 ? 'full' : 'empty');
  garbage = null;
  const look = (list) => {
    const isBig = ({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
    if (list.getEntries().some(isBig)) say('collected');
  };
  new PerformanceObserver(look).observe({ entryTypes: ['gc'] });
  settleMemory();
  if (where === 'a process that is over') process.once('exit', () => say('over'));
  else setInterval(() => {}, 1e6);
}
`;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-settle-'));
  program = join(folder, 'settled.mjs');
  await writeFile(program, source);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function start(where: string, cache: string): ChildProcess {
  // By itself V8 would collect some seconds later, in a process that has nothing to do.
  const args = ['--no-memory-reducer', program, where, cache];
  // Where the tests run with a cache of their own, it would be taken instead.
  const { NODE_COMPILE_CACHE: _cache, ...env } = process.env;
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** What it holds at first, and when it says that. */
async function untilSaid(child: ChildProcess, what: string): Promise<readonly [Held, Held]> {
  let first: Held | null = null;
  if (child.stdout === null) throw new Error('it has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as Held & { readonly what: string };
    first ??= said;
    if (said.what === what) return [first, said];
  }
  throw new Error(`it ended before it said "${what}"`);
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  if (child.kill('SIGKILL')) await ended;
}

describe.concurrent('settled memory', () => {
  test.each(['a process', 'a thread'])(
    'what the start of %s has left behind is given back while it goes on',
    async (where) => {
      const child = start(where, join(folder, where));
      try {
        const [before, after] = await untilSaid(child, 'collected');
        expect(before.usedBytes - after.usedBytes).toBeGreaterThan(givenBackBytes);
        expect(before.heapBytes - after.heapBytes).toBeGreaterThan(givenBackBytes);
        expect(child.exitCode).toBeNull();
      } finally {
        await kill(child);
      }
    },
    timeoutMs,
  );

  test(
    'what the start has compiled is kept for the next one, also when this one is killed',
    async () => {
      const cache = join(folder, 'compiled');
      const child = start('a process', cache);
      try {
        await untilSaid(child, 'collected');
      } finally {
        await kill(child);
      }
      const kept = await readdir(cache, { recursive: true, withFileTypes: true });
      expect(kept.filter((entry) => entry.isFile()).length).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  test(
    'a process that is over ends, with its garbage, instead of waiting for this',
    async () => {
      const child = start('a process that is over', join(folder, 'over'));
      const [before, after] = await untilSaid(child, 'over');
      expect(after.usedBytes).toBeGreaterThan(before.usedBytes - givenBackBytes);
    },
    timeoutMs,
  );
});
