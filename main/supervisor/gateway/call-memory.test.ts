import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getHeapSpaceStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { garbageCollector } from '../telemetry/collect-garbage.ts';
import { createUpstreamAgent, forward } from './forward.ts';
import { HangUp } from './hang-up.ts';
import { send } from './http-client.test-helper.ts';

const collectGarbage = garbageCollector();

const calls = 100;

/** Elements of an array that each call holds: as many bytes as can be and still begin among the short-lived. */
const heldElements = 12_000;
const heldBytes = heldElements * 8;

async function listening(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port, [Symbol.dispose]: close };
}

/** What lies among the long-lived, be it in use or not. */
function longLivedBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === 'old_space' || name === 'large_object_space')
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
}

test('what a call held is free after the next small collection, not the next full one', async () => {
  using upstream = await listening((request, response) => {
    request.resume();
    response.end('{}');
  });
  const agent = createUpstreamAgent();
  using gateway = await listening((request, response) => {
    request.resume();
    const held = Array.from<number>({ length: heldElements }).fill(calls);
    void forward({
      agent,
      origin: `http://127.0.0.1:${upstream.port}`,
      request,
      response,
      hungUp: new HangUp(response),
      body: Buffer.from('{}'),
      requestId: 'one',
      onHead: () => {},
      onData: () => held.reverse(),
    });
  });
  const makeCalls = async () => {
    for (let made = 0; made < calls; made += 1) {
      await send(gateway.port, { method: 'POST', body: '{}' });
    }
  };
  await makeCalls();
  collectGarbage();
  const before = longLivedBytes();
  await makeCalls();
  // What survives two of them counts as long-lived from then on.
  collectGarbage({ type: 'minor' });
  collectGarbage({ type: 'minor' });
  expect(longLivedBytes() - before).toBeLessThan((calls * heldBytes) / 2);
  await agent.destroy();
});
