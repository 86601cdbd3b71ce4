/**
 * Lines of every wrong kind over each door: every one gets one reply, nothing breaks, nothing is kept. In full:
 * `PM_FUZZ_LINES=100000 npx vitest run main/supervisor/control/fuzz.test.ts`.
 */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { garbageCollector } from '../telemetry/collect-garbage.ts';
import { tokenCheck } from './control.test-helper.ts';
import { Fuzz } from './fuzz.test-helper.ts';
import { LineDoorRig } from './line-door.test-helper.ts';
import { PageDoor } from './page-door.ts';

const token = 'token-of-the-fuzz-test';

/** Over each door. */
const lineCount = Number(process.env['PM_FUZZ_LINES'] ?? 5_000);
const timeoutMs = 20_000 + lineCount * 10;

/** What may stay in memory after all: caches of the engine, not something for each line. */
const keptBytes = 20 * 1024 * 1024;

const clientCount = 4;

let rig: LineDoorRig;

beforeEach(async () => {
  rig = await LineDoorRig.create();
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

const collectGarbage = garbageCollector();

function heldBytes(): number {
  rig.target.asked.length = 0;
  while (rig.target.clients.detach(rig.target.clients.list()[0]?.clientId ?? ''));
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Sends lines in pieces of any length and counts the replies; watch news is none. */
async function converse(socket: Socket, fuzz: Fuzz, count: number): Promise<number> {
  let replies = 0;
  let rest = '';
  const isDone = Promise.withResolvers<void>();
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    replies += lines.filter(
      (line) => typeof (JSON.parse(line) as { ok: unknown }).ok === 'boolean',
    ).length;
    if (replies >= count) isDone.resolve();
  });
  socket.on('close', () => isDone.reject(new Error(`closed after ${replies} replies of ${count}`)));
  for (let line = 0; line < count; line += 1) {
    const bytes = Buffer.concat([fuzz.line(), Buffer.from('\n')]);
    const cut = fuzz.below(bytes.length);
    socket.write(bytes.subarray(0, cut));
    if (!socket.write(bytes.subarray(cut))) {
      await new Promise((resolve) => socket.once('drain', resolve));
    }
  }
  await isDone.promise;
  // One reply too many would come now.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return replies;
}

async function fuzzLines(where: string | number, seed: number, count: number): Promise<void> {
  const each = Math.floor(count / clientCount);
  await Promise.all(
    Array.from({ length: clientCount }, async (_, client) => {
      const socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1');
      expect(await converse(socket, new Fuzz(seed + client), each)).toBe(each);
      socket.destroy();
    }),
  );
}

test.each(['socket', 'tcp'] as const)(
  'W18 over %s every line has one reply, whatever it holds, and memory settles',
  async (kind) => {
    const where = await rig.listen(kind);
    await fuzzLines(where, 1, Math.min(lineCount, 2_000));
    const before = heldBytes();
    await fuzzLines(where, 2, lineCount);
    expect(await rig.connect().ask({ type: 'Status' })).toMatchObject({ ok: true });
    await expect.poll(() => heldBytes() - before).toBeLessThan(keptBytes);
  },
  timeoutMs,
);

test(
  'over HTTP every body has one reply in JSON',
  async () => {
    const page = new PageDoor({
      dispatch: rig.dispatch,
      token,
      tokens: tokenCheck(token),
      pageFolder: rig.folder,
      terminal: null,
      onSnapshot: () => () => {},
      onEvents: () => () => {},
    });
    await page.listen(0, '127.0.0.1');
    const fuzz = new Fuzz(3);
    const headers = { authorization: `Bearer ${token}` };
    try {
      for (let count = 0; count < lineCount / 10; count += 1) {
        const body = new Uint8Array(fuzz.line());
        const response = await fetch(`${page.url}control`, { method: 'POST', headers, body });
        expect(typeof ((await response.json()) as { ok: unknown }).ok).toBe('boolean');
      }
    } finally {
      await page.close();
    }
  },
  timeoutMs,
);
