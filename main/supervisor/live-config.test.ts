/** A file, real, and services that only note what becomes of them. */
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Config } from '../../shared/config-schema.ts';
import { hashOf } from './config/content-hash.ts';
import { ConfigHistory } from './config/history.ts';
import { parseConfig } from './config/load-config.ts';
import { type BegunChange, LiveConfig } from './live-config.ts';

const patience = { timeout: 10_000 };

let folder = '';
let path = '';
let live: LiveConfig;
/** The delays that were applied, in order. */
let applied: number[] = [];
let lastGood = '';
/** Called when a configuration is being applied; what it returns is when that is over. */
let onApply: (next: Config) => Promise<readonly BegunChange[]>;

const textOf = (delayMs: number) => `[reconnect]\ninitial_delay_ms = ${delayMs}\n`;
const delayOf = ({ reconnect }: Config) => reconnect.initial_delay_ms;
const change = { service: 'one', action: 'update', reason: 'changed: initial_delay_ms' } as const;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-live-'));
  path = join(folder, 'supervisor.toml');
  applied = [];
  lastGood = '';
  onApply = async () => [];
  await writeFile(path, textOf(100));
  live = await opened(textOf(100), 'file');
});
afterEach(async () => {
  await live.close();
  await rm(folder, { recursive: true, force: true });
});

async function opened(text: string, running: 'file' | 'last_good' | 'none'): Promise<LiveConfig> {
  const { config, problems } = parseConfig(text);
  if (config === null) throw new Error('broken');
  const made = new LiveConfig({
    config,
    status: { path, running, problems, hash: hashOf(await readFile(path)) },
    history: new ConfigHistory({ dataFolder: join(folder, 'data'), configPath: path }),
    saveLastGood: async (good) => {
      lastGood = good;
    },
    missingPrograms: async () => [],
    configured: {
      preview: (before, next) => (delayOf(before) === delayOf(next) ? [] : [change]),
      apply: async (_before, next) => {
        const begun = await onApply(next);
        applied.push(delayOf(next));
        return begun;
      },
    },
    logger: pino({ level: 'silent' }),
    onChange: () => {},
  });
  await made.open();
  return made;
}

test('a save is written, applied and told: what changed, and how it went', async () => {
  const { hash } = await live.read();
  const saved = await live.save(textOf(200), hash);
  expect(saved).toEqual({
    path,
    hash: hashOf(textOf(200)),
    applied: { changes: [{ ...change, ok: true, error: null }], restart_needed: [] },
  });
  expect([applied, delayOf(live.current)]).toEqual([[200], 200]);
  await vi.waitFor(() => expect(lastGood).toBe(textOf(200)), patience);
  expect(live.status).toMatchObject({ running: 'file', hash: saved.hash, problems: [] });
  // The watch sees our own write, too: it is no change.
  await appendFile(path, '# theirs\n');
  await vi.waitFor(() => expect(applied).toHaveLength(2), patience);
  expect(applied).toEqual([200, 200]);
});

test('an invalid text is refused with every problem; nothing is written, nothing changes', async () => {
  const { hash } = await live.read();
  await expect(live.save('[mcp]\nport = "x"\n', hash)).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(/^Line 2: mcp\.port: .*Nothing was changed/),
    problems: [{ severity: 'error', line: 2, column: 8 }],
  });
  expect(await readFile(path, 'utf8')).toBe(textOf(100));
  expect([applied, live.status.running]).toEqual([[], 'file']);
});

test('W33 a file that somebody else changed meanwhile is never overwritten, by any of two editors', async () => {
  const { hash } = await live.read();
  const saves = await Promise.allSettled([
    live.save(textOf(200), hash),
    live.save(textOf(300), hash),
  ]);
  expect(saves.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(saves[1]).toMatchObject({ reason: { code: 'config_conflict' } });
  expect(await readFile(path, 'utf8')).toBe(textOf(200));
  await writeFile(path, textOf(400));
  await expect(live.save(textOf(500), hashOf(textOf(200)))).rejects.toMatchObject({
    code: 'config_conflict',
  });
});

test('a file broken on disk changes nothing and is told; correct again, it runs', async () => {
  await writeFile(path, 'not = = toml');
  await vi.waitFor(() => expect(live.status.running).toBe('last_good'), patience);
  expect(live.status.problems).toMatchObject([{ severity: 'error', line: 1 }]);
  await expect(live.reload()).rejects.toMatchObject({ code: 'config_invalid' });
  expect([applied, delayOf(live.current)]).toEqual([[], 100]);
  await writeFile(`${path}.tmp`, textOf(200));
  await rename(`${path}.tmp`, path);
  await vi.waitFor(() => expect(applied).toEqual([200]), patience);
  expect(live.status).toMatchObject({ running: 'file', problems: [] });
});

test('a file that was removed changes nothing and is told', async () => {
  await rm(path);
  await vi.waitFor(() => expect(live.status.running).toBe('last_good'), patience);
  expect(live.status.problems[0]?.message).toBe('there is no such file');
  expect(await live.read()).toMatchObject({ text: '', hash: '' });
  expect(applied).toEqual([]);
  // Saved anew, it is back.
  await live.save(textOf(200), '');
  expect([applied, live.status.running]).toEqual([[200], 'file']);
});

test('an empty file, as editors leave it for a moment, is not taken for all defaults at once', async () => {
  await writeFile(path, '');
  await delay(400);
  await writeFile(path, textOf(200));
  await vi.waitFor(() => expect(applied).toContain(200), patience);
  expect(applied).toEqual([200]);
  await writeFile(path, '');
  await vi.waitFor(() => expect(applied).toEqual([200, 500]), patience);
});

test('W33 keys that need a restart are named, and until then what ran goes on', async () => {
  const text = `${textOf(200)}[mcp]\nport = 4000\n[events]\nbuffer_size = 512\n`;
  const { valid, preview } = await live.validate(text);
  const keys = ['mcp.port', 'events.buffer_size'];
  expect([valid, preview]).toEqual([true, { changes: [change], restart_needed: keys }]);
  const { hash } = await live.read();
  expect((await live.save(text, hash)).applied.restart_needed).toEqual(keys);
  expect(live.status.restartNeeded).toEqual(keys);
  expect((await live.read()).restart_needed).toEqual(keys);
  expect(live.current).toMatchObject({
    mcp: { port: 3457 },
    events: { buffer_size: 256 },
    reconnect: { initial_delay_ms: 200 },
  });
  // Taken back, nothing is needed.
  await live.save(textOf(200), hashOf(text));
  expect(live.status.restartNeeded).toEqual([]);
});

test('a change that fails says so; the others are told as they went', async () => {
  onApply = async () => [{ service: 'one', done: Promise.reject(new Error('no such command')) }];
  const { hash } = await live.read();
  const { applied: told } = await live.save(textOf(200), hash);
  expect(told.changes).toEqual([{ ...change, ok: false, error: 'no such command' }]);
  onApply = async () => {
    throw new Error('the disk is full');
  };
  const again = await live.save(textOf(300), hashOf(textOf(200)));
  expect(again.applied.changes).toEqual([{ ...change, ok: false, error: 'the disk is full' }]);
});

test('texts that come while one is being applied wait, and of several the last one counts', async () => {
  const first = Promise.withResolvers<readonly BegunChange[]>();
  onApply = () => first.promise;
  let hash = hashOf(textOf(100));
  const saves = [];
  for (const ms of [200, 300, 400, 500]) {
    saves.push(live.save(textOf(ms), hash));
    hash = hashOf(textOf(ms));
    // Not that it is in the file: it waits for its turn a moment after.
    await vi.waitFor(() => expect(live.status.hash).toBe(hash), patience);
  }
  await vi.waitFor(() => expect(live.current.reconnect.initial_delay_ms).toBe(200), patience);
  onApply = async () => [];
  first.resolve([]);
  await Promise.all(saves);
  expect(applied).toEqual([200, 500]);
});

test('the last versions can be read again, also those that were overwritten at once', async () => {
  let { hash } = await live.read();
  for (const ms of [200, 300]) ({ hash } = await live.save(textOf(ms), hash));
  await writeFile(path, textOf(400));
  await live.save(textOf(500), hashOf(textOf(400)));
  await vi.waitFor(async () => {
    const { versions } = await live.versions();
    expect(versions.map((each) => each.hash)).toEqual(
      [500, 400, 300, 200, 100].map((ms) => hashOf(textOf(ms))),
    );
  }, patience);
  const { versions } = await live.versions();
  expect((await live.version(versions[4]?.id ?? '')).text).toBe(textOf(100));
});

test('started without a usable file, the gateway’s port is no restart: nobody knew another one', async () => {
  await live.close();
  await writeFile(path, 'broken = ');
  live = await opened('[mcp]\nenabled = false\nport = 0\n', 'none');
  await writeFile(path, '[mcp]\nport = 4000\n');
  await vi.waitFor(() => expect(live.status.running).toBe('file'), patience);
  await vi.waitFor(
    () => expect(live.current.mcp).toMatchObject({ enabled: true, port: 4000 }),
    patience,
  );
  expect(live.status.restartNeeded).toEqual([]);
});
