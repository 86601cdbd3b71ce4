import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { findFreePort, isPortFree } from './free-port.ts';
import { leasePort } from './port-lease.ts';

/** Listens for the length of a test. */
async function listener(host: string, port = 0): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port: address.port, [Symbol.asyncDispose]: close };
}

test.each(['127.0.0.1', '0.0.0.0'])(
  'a port on which somebody listens at %s is not free',
  async (host) => {
    const { port } = await (async () => {
      await using taken = await listener(host);
      expect(await isPortFree(taken.port)).toBe(false);
      return taken;
    })();
    expect(await isPortFree(port)).toBe(true);
  },
);

test('the search begins at the base and passes over what is taken', async () => {
  await using taken = await listener('127.0.0.1');
  const found = await findFreePort(taken.port, new Set([taken.port + 1]));
  expect(found).toBeGreaterThan(taken.port + 1);
  expect(found).toBeLessThan(taken.port + 200);
});

test('the search ends at the last port there is', async () => {
  await using _taken = await listener('127.0.0.1', 65_535).catch(() => listener('127.0.0.1'));
  expect(await findFreePort(65_535, new Set())).toBeNull();
});

test('base 0 takes any free port that the system gives to nobody by itself', async () => {
  for (let tries = 0; tries < 20; tries += 1) {
    const port = await findFreePort(0, new Set());
    expect(port).toBeGreaterThanOrEqual(20_000);
    // Where the range begins from which Linux takes them; elsewhere it lies higher.
    expect(port).toBeLessThan(32_768);
  }
});

test("a leased port is nobody else's until it is given back", async () => {
  const any = await leasePort(0);
  if (any === null) throw new Error('no port');
  const next = await leasePort(any.port);
  expect(next?.port).toBeGreaterThan(any.port);
  any.release();
  const again = await leasePort(any.port);
  expect(again?.port).toBe(any.port);
  for (const lease of [next, again]) lease?.release();
});
