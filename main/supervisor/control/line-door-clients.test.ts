/** Clients that are slow, greedy, rude or gone: each harms itself at most. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serviceFixture, snapshotFixture } from '../../../shared/status.test-helper.ts';
import { LineDoorRig } from './line-door.test-helper.ts';

let rig: LineDoorRig;

beforeEach(async () => {
  rig = await LineDoorRig.create();
  await rig.listen('socket');
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

/** Many full turns of the event loop: what was going to happen has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await rig.connect().ask({ type: 'EventStats' });
}

test('each client gets its own replies', async () => {
  const [one, other] = [rig.connect(), rig.connect()];
  for (let turn = 0; turn < 20; turn += 1) {
    one.send({ type: 'WhoAmI', client: 'one', id: turn });
    other.send({ type: 'WhoAmI', client: 'other', id: turn });
  }
  for (const [client, name] of [
    [one, 'one'],
    [other, 'other'],
  ] as const) {
    const replies = await client.take(20);
    expect(replies.map((reply) => reply.id)).toEqual([...Array(20).keys()]);
    expect(
      replies.every((reply) => reply.ok && (reply.data as { client: string }).client === name),
    ).toBe(true);
  }
});

test.each(['with', 'without'])(
  'a client that does not read makes no work for the supervisor until it does (%s ids)',
  async (ids) => {
    const padding = 'x'.repeat(20_000);
    rig.target.current = snapshotFixture({
      services: [serviceFixture('mcp', 'failed', { reason: padding })],
    });
    const greedy = rig.connect();
    greedy.socket.pause();
    const count = 1_000;
    const requests = Array.from({ length: count }, (_, id) => ({
      type: 'Snapshot',
      ...(ids === 'with' && { id }),
    }));
    greedy.send(...requests);
    await expect.poll(() => rig.target.snapshots).toBeGreaterThan(0);
    await settle();
    expect(rig.target.snapshots).toBeLessThan(200);
    greedy.socket.resume();
    const replies = await greedy.take(count);
    expect(replies.every((reply) => reply.ok)).toBe(true);
  },
);

test('a client that asks faster than it is answered has a bounded number of requests at work', async () => {
  const gates: (() => void)[] = [];
  let running = 0;
  let most = 0;
  rig.target.close = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => gates.push(resolve));
    running -= 1;
    return true;
  };
  const greedy = rig.connect();
  const count = 5_000;
  const request = (id: number) => ({ type: 'CloseMcpConnection', session_id: 's', id });
  greedy.send(
    Array.from({ length: count }, (_, id) => `${JSON.stringify(request(id))}\n`).join(''),
  );
  await expect.poll(() => gates.length).toBeGreaterThan(0);
  const release = setInterval(() => {
    for (const open of gates.splice(0)) open();
  }, 1);
  await greedy.take(count);
  clearInterval(release);
  expect(most).toBeLessThanOrEqual(64);
});

test('a client that ends its side after the request still gets every reply, then the end', async () => {
  const slow = Promise.withResolvers<boolean>();
  rig.target.close = () => slow.promise;
  const client = rig.connect();
  client.send({ type: 'CloseMcpConnection', session_id: 's' }, { type: 'WhoAmI' });
  client.socket.end();
  await settle();
  expect(client.isOpen).toBe(true);
  slow.resolve(true);
  await client.closed();
  expect(client.replies).toMatchObject([{ data: { closed: true } }, { ok: true }]);
});

test('a last line without a line end is a line: printf | nc works', async () => {
  const client = rig.connect();
  client.socket.end('{"type":"WhoAmI"}');
  await client.closed();
  expect(client.replies).toMatchObject([{ ok: true }]);
});

test('the request of a client that left at once is done all the same', async () => {
  const client = rig.connect();
  client.socket.end('{"type":"Stop","service":"mcp"}\n', () => client.socket.destroy());
  await expect.poll(() => rig.target.asked).toEqual(['stop mcp']);
});

test('all requests of a client that left without reading a reply are done', async () => {
  rig.target.current = snapshotFixture({
    services: [serviceFixture('mcp', 'failed', { reason: 'x'.repeat(20_000) })],
  });
  const deaf = rig.connect();
  deaf.socket.pause();
  deaf.send(...Array.from({ length: 200 }, () => ({ type: 'Snapshot' })));
  deaf.send({ type: 'Stop', service: 'mcp' });
  await settle();
  expect(rig.target.asked).toEqual([]);
  deaf.socket.destroy();
  await expect.poll(() => rig.target.asked).toEqual(['stop mcp']);
});

test('close gives the replies that are due, ends idle connections and frees the socket file', async () => {
  const slow = Promise.withResolvers<boolean>();
  rig.target.close = () => slow.promise;
  const [idle, waiting] = [rig.connect(), rig.connect()];
  await idle.ask({ type: 'WhoAmI' });
  await waiting.ask({ type: 'WhoAmI' });
  waiting.send({ type: 'CloseMcpConnection', session_id: 's' });
  await settle();
  const closed = rig.door.close();
  await idle.closed();
  slow.resolve(true);
  await closed;
  await waiting.closed();
  expect(waiting.replies.at(-1)).toMatchObject({ data: { closed: true } });
  expect(existsSync(rig.socketPath)).toBe(false);
});

test('close does not wait for ever for a client that does not read, nor for a reply that never comes', async () => {
  rig.target.close = () => new Promise(() => {});
  rig.target.current = snapshotFixture({
    services: [serviceFixture('mcp', 'failed', { reason: 'x'.repeat(1_000_000) })],
  });
  const [deaf, stuck] = [rig.connect(), rig.connect()];
  deaf.socket.pause();
  deaf.send(...Array.from({ length: 10 }, () => ({ type: 'Snapshot' })));
  stuck.send({ type: 'CloseMcpConnection', session_id: 's' });
  await expect.poll(() => rig.target.snapshots).toBeGreaterThan(0);
  await settle();
  await rig.door.close();
  await stuck.closed();
  expect(existsSync(rig.socketPath)).toBe(false);
}, 4_000);

test('a client whose unread replies grow beyond the bound is let go; others notice nothing', async () => {
  const gate = Promise.withResolvers<void>();
  rig.target.close = async () => {
    await gate.promise;
    throw new Error('y'.repeat(1_000_000));
  };
  const deaf = rig.connect();
  deaf.socket.pause();
  const request = (id: number) => ({ type: 'CloseMcpConnection', session_id: 's', id });
  // All at work together, so that all replies come at once.
  deaf.send(...Array.from({ length: 40 }, (_, id) => request(id)));
  await settle();
  gate.resolve();
  await settle();
  deaf.socket.resume();
  await deaf.closed();
  expect(deaf.text.length).toBeLessThan(20_000_000);
});
