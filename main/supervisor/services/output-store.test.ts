import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Logger } from '../telemetry/logger.ts';
import type { OutputLine } from './output.ts';
import { OutputFile, type OutputFileOptions } from './output-file.ts';
import { type OutputSettings, OutputStore, safeFileName } from './output-store.ts';

let folder: string;
let logger: { info: ReturnType<typeof vi.fn>; error: ReturnType<typeof vi.fn> };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-output-'));
  // Only time itself: files and timers stay as they are.
  vi.useFakeTimers({ toFake: ['performance'] });
  logger = { info: vi.fn(), error: vi.fn() };
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const at = Date.UTC(2026, 10, 22, 10, 20, 30, 400);
const print = (text: string): OutputLine => ({ at, stream: 'stdout', text });
const kb = 1024;

function makeFile(options: Partial<OutputFileOptions> = {}): OutputFile {
  return new OutputFile({
    path: join(folder, 'logs', 'web.log'),
    maxBytes: 10 * kb,
    maxFiles: 2,
    onProblem: () => {},
    onFileBegun: async () => {},
    ...options,
  });
}

function makeStore(settings: Partial<OutputSettings> = {}): OutputStore {
  return new OutputStore({
    settings: {
      enabled: true,
      ringLines: 100,
      file: true,
      maxFileBytes: 10 * kb,
      maxFiles: 5,
      maxTotalBytes: 1024 * kb,
      ...settings,
    },
    folder,
    logger: logger as unknown as Logger,
    onChange: () => {},
  });
}

describe('the file of a service', () => {
  test('has a line for each line, with its time and stream, for its user only', async () => {
    const file = makeFile();
    file.write(print('hello'));
    file.write({ at, stream: 'stderr', text: '\u001b[31mred' });
    file.write({ at, stream: 'stdout', text: 'long', continues: true });
    file.write({ at, stream: 'mark', text: '— started, pid 7 —' });
    await file.close();
    expect(await readFile(file.path, 'utf8')).toBe(
      [
        '2026-11-22T10:20:30.400Z stdout  hello',
        '2026-11-22T10:20:30.400Z stderr  \u001b[31mred',
        '2026-11-22T10:20:30.400Z stdout+ long',
        '2026-11-22T10:20:30.400Z mark    — started, pid 7 —',
        '',
      ].join('\n'),
    );
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  });

  test('is set aside when it is full; only so many are kept, none larger than allowed', async () => {
    const file = makeFile();
    for (let index = 0; index < 1_000; index += 1) {
      file.write(print(`${index} ${'x'.repeat(60)}`));
      if (index % 50 === 0) await file.close();
    }
    await file.close();
    const names = await readdir(join(folder, 'logs'));
    expect(names.sort()).toEqual(['web.log', 'web.log.1', 'web.log.2']);
    for (const name of names) {
      expect((await stat(join(folder, 'logs', name))).size).toBeLessThanOrEqual(10 * kb);
    }
    const texts = await Promise.all(
      ['web.log.2', 'web.log.1', 'web.log'].map((name) =>
        readFile(join(folder, 'logs', name), 'utf8'),
      ),
    );
    const numbers = texts.join('').split('\n').slice(0, -1);
    const first = Number(numbers[0]?.split(/ +/)[2]);
    // The newest lines, all of them, in their order.
    expect(numbers.map((line) => Number(line.split(/ +/)[2]))).toEqual(
      Array.from({ length: 1_000 - first }, (_, index) => first + index),
    );
  });

  test('goes on in the file of an earlier run', async () => {
    for (const text of ['one', 'two']) {
      const file = makeFile();
      file.write(print(text));
      await file.close();
    }
    expect(await readFile(makeFile().path, 'utf8')).toMatch(/one\n.*two\n$/);
  });

  test('F13 a disk that is too slow costs lines, which are counted, and neither time nor memory', async () => {
    const gate = Promise.withResolvers<void>();
    const file = makeFile({ maxBytes: 100 * 1024 * kb, onFileBegun: () => gate.promise });
    for (let index = 0; index < 50_000; index += 1) file.write(print('x'.repeat(1_000)));
    gate.resolve();
    await file.close();
    file.write(print('after'));
    await file.close();
    const lines = (await readFile(file.path, 'utf8')).split('\n').slice(0, -1);
    const dropped = /dropped ([\d,]+) lines: the disk was too slow/.exec(lines.at(-2) ?? '')?.[1];
    expect(Number(dropped?.replaceAll(',', '')) + lines.length - 2).toBe(50_000);
    expect(lines.length).toBeLessThan(10_000);
    expect(lines.at(-1)).toMatch(/ after$/);
  });

  test('F5 a folder that cannot be made is told once, and tried again by itself', async () => {
    await writeFile(join(folder, 'logs'), 'in the way');
    const problems: (string | null)[] = [];
    const file = makeFile({ onProblem: (problem) => problems.push(problem) });
    for (const text of ['a', 'b', 'c']) {
      file.write(print(text));
      await file.close();
      if (text === 'b') vi.advanceTimersByTime(6_000);
    }
    expect(problems).toEqual([expect.stringMatching(/EEXIST|ENOTDIR/)]);
    expect(file.problem).toBe(problems[0]);
    await rm(join(folder, 'logs'));
    vi.advanceTimersByTime(6_000);
    file.write(print('too soon'));
    await file.close();
    expect(file.problem).toBe(problems[0]);
    vi.advanceTimersByTime(6_000);
    file.write(print('d'));
    await file.close();
    expect(problems).toHaveLength(2);
    expect(file.problem).toBeNull();
    expect(await readFile(file.path, 'utf8')).toMatch(/mark +dropped 4 lines: E.*\n.* d\n$/);
  });
});

/** A disk of one megabyte; null where this user may not mount one. */
async function smallDisk(path: string): Promise<(() => Promise<void>) | null> {
  await mkdir(path);
  const run = promisify(execFile);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path]);
  } catch {
    return null;
  }
  return async () => void (await run('umount', [path]));
}

test('F5 a full disk stops the file, not the service: nothing is cut or emptied, and it goes on by itself', async (context) => {
  const disk = join(folder, 'disk');
  const release = await smallDisk(disk);
  if (release === null) return context.skip('mounting a small disk needs root');
  try {
    const problems: (string | null)[] = [];
    const file = makeFile({
      path: join(disk, 'web.log'),
      maxBytes: 10 * 1024 * kb,
      onProblem: (problem) => problems.push(problem),
    });
    await writeFile(join(disk, 'others'), Buffer.alloc(900 * kb));
    for (let index = 0; index < 3_000; index += 1) {
      file.write(print(`${index} ${'x'.repeat(80)}`));
      if (index % 100 === 0) await file.close();
    }
    await file.close();
    expect(problems).toEqual([expect.stringContaining('ENOSPC')]);
    const full = await readFile(file.path, 'utf8');
    expect(full).toMatch(/^.* stdout {2}0 x/);
    expect(full.endsWith('x\n')).toBe(true);

    await rm(join(disk, 'others'));
    vi.advanceTimersByTime(6_000);
    file.write(print('there is room again'));
    await file.close();
    expect(problems).toEqual([expect.stringContaining('ENOSPC'), null]);
    const lines = (await readFile(file.path, 'utf8')).split('\n').slice(0, -1);
    const dropped = /dropped ([\d,]+) lines: ENOSPC/.exec(lines.at(-2) ?? '')?.[1];
    expect(Number(dropped?.replaceAll(',', '')) + lines.length - 2).toBe(3_000);
    expect(lines.at(-1)).toMatch(/there is room again$/);
  } finally {
    await release();
  }
});

test.skipIf(process.platform === 'win32')(
  'F5 a folder without permission is told, and what is printed is still in memory',
  async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may write to any folder');
    await chmod(folder, 0o500);
    const store = makeStore();
    store.ring('web').append(print('a'));
    await store.close();
    await chmod(folder, 0o700);
    expect(store.file('web')?.problem).toContain('EACCES');
    expect(store.ring('web').tail()).toMatchObject([{ text: 'a' }]);
  },
);

describe('the output of all services', () => {
  test('is kept by name, whatever becomes of the service', async () => {
    const store = makeStore();
    store.ring('mcp:1').append(print('first life'));
    store.ring('MCP:1').append(print('second life'));
    expect(store.find('mcp:1')?.tail()).toMatchObject([{ seq: 1 }, { seq: 2 }]);
    expect(store.find('other')).toBeNull();
    await store.close();
    expect(await readdir(folder)).toEqual(['mcp%3A1.log']);
  });

  test('F5 trouble with a file is logged once and shown, and its end as well', async () => {
    await mkdir(join(folder, 'web.log'));
    const store = makeStore();
    store.ring('web').append(print('a'));
    await store.close();
    expect(store.file('web')).toEqual({
      path: join(folder, 'web.log'),
      problem: expect.stringContaining('EISDIR'),
    });
    vi.advanceTimersByTime(6_000);
    store.ring('web').append(print('b'));
    await store.close();
    expect(logger.error).toHaveBeenCalledOnce();
    await rm(join(folder, 'web.log'), { recursive: true });
    vi.advanceTimersByTime(12_000);
    store.ring('web').append(print('c'));
    await store.close();
    expect(store.file('web')?.problem).toBeNull();
    expect(logger.info).toHaveBeenCalledOnce();
  });

  test('all files together stay below their limit: the oldest go, never the supervisor’s own', async () => {
    const names = ['gone.log', 'gone.log.1', 'web.log.1', 'web.log.9', 'supervisor.log.1', 'x.txt'];
    for (const name of names) await writeFile(join(folder, name), Buffer.alloc(40 * kb));
    const store = makeStore({ maxTotalBytes: 100 * kb });
    store.ring('web').append(print('new'));
    await store.close();
    const left = await readdir(folder);
    expect(left).toEqual(expect.arrayContaining(['supervisor.log.1', 'web.log', 'x.txt']));
    // One more than [runtime_output] max_files allows: it is of another configuration.
    expect(left).not.toContain('web.log.9');
    expect(left).toHaveLength(5);
  });

  test('switched off, nothing is kept or written', async () => {
    const store = makeStore({ enabled: false });
    store.ring('web').append(print('a'));
    await store.close();
    expect([store.ring('web').tail(), store.file('web'), await readdir(folder)]).toEqual([
      [],
      null,
      [],
    ]);
  });

  test('without files, it is kept in memory', async () => {
    const store = makeStore({ file: false });
    store.ring('web').append(print('a'));
    await store.close();
    expect([store.ring('web').tail().length, await readdir(folder)]).toEqual([1, []]);
  });
});

test('no two names share a file, and none is a name with a meaning of its own', () => {
  const names = {
    mcp: 'mcp',
    'mcp:1': 'mcp%3A1',
    'Suche übers Netz': 'Suche übers Netz',
    'a/../b': 'a%2F..%2Fb',
    '..': '%2E.',
    '.hidden': '%2Ehidden',
    supervisor: '%73upervisor',
    'supervisor.2': '%73upervisor.2',
    CON: '%43ON',
    'a%3Ab': 'a%253Ab',
    '世:😀': '世%3A%F0%9F%98%80',
  };
  expect(Object.fromEntries(Object.keys(names).map((name) => [name, safeFileName(name)]))).toEqual(
    names,
  );
});

test('settings that change count from the next line on: the file, the ring, everything', async () => {
  const settings = { enabled: true, ringLines: 5, file: true, maxFileBytes: 10 * kb, maxFiles: 5 };
  const live = { ...settings, maxTotalBytes: 1024 * kb };
  const store = new OutputStore({
    settings: live,
    folder,
    logger: logger as unknown as Logger,
    onChange: () => {},
  });
  const ring = store.ring('web');
  const kept = () => ring.tail().map(({ text }) => text);
  for (const text of ['1', '2', '3']) ring.append(print(text));
  live.file = false;
  ring.append(print('4'));
  expect(store.file('web')).toBeNull();
  live.ringLines = 2;
  ring.append(print('5'));
  expect(kept()).toEqual(['4', '5']);
  live.enabled = false;
  ring.append(print('6'));
  expect(kept()).toEqual(['4', '5']);
  Object.assign(live, { enabled: true, file: true });
  ring.append(print('7'));
  const { path } = store.file('web') ?? { path: '' };
  await store.close();
  const written = (await readFile(path, 'utf8')).trim().split('\n');
  expect(written.map((line) => line.split(' ').at(-1))).toEqual(['1', '2', '3', '7']);
});
