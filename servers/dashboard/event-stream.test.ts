import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { EventBus } from './event-bus.ts';
import { EventStream } from './event-stream.ts';
import { openStream } from './test-client.ts';

async function serve(heartbeatMs: number) {
  const bus = new EventBus();
  const present: boolean[] = [];
  bus.onAudience((now) => present.push(now));
  const stream = new EventStream({ bus, heartbeatMs });
  const server = createServer((_request, response) => stream.add(response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const publish = (id: string, text = '') =>
    bus.publish({ id, type: 'note_added', timestamp: '', data: { text } });
  const connections = promisify(server.getConnections.bind(server));
  const { port } = server.address() as AddressInfo;
  return { port, publish, present, stream, connections };
}

test('a quiet stream has a heartbeat comment', async () => {
  const { port } = await serve(10);
  const client = await openStream(port);
  await vi.waitUntil(() => client.text().includes(':heartbeat\n\n:heartbeat\n\n'), patience);
  client.close();
});

test('a client that does not read is dropped at 1 MiB, the others get everything', async () => {
  const { port, publish, connections } = await serve(60_000);
  // A socket that nobody reads from: no `data` listener, no `resume`.
  const slow = connect(port, '127.0.0.1');
  onTestFinished(() => {
    slow.destroy();
  });
  slow.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  const fast = await openStream(port);
  await vi.waitUntil(async () => (await connections()) === 2, patience);
  const text = 'x'.repeat(64 * 1024);
  let published = 0;
  // The kernel's buffers take some MiB before the server's own backlog grows.
  while ((await connections()) === 2 && published < 1_000) {
    publish(`evt_${published}`, text);
    published += 1;
    await vi.waitUntil(() => fast.length() > published * text.length, { ...patience, interval: 1 });
  }
  expect(published).toBeLessThan(1_000);
  expect(published).toBeGreaterThan(16);
  publish('evt_last');
  await vi.waitUntil(() => fast.text().includes('evt_last'), patience);
  expect(fast.text().match(/event: mcp_event/g)).toHaveLength(published + 1);
  fast.close();
});

test('the bus is left alone while nobody is there', async () => {
  const { port, present, stream } = await serve(60_000);
  const one = await openStream(port);
  const other = await openStream(port);
  one.close();
  stream.close();
  await other.ended;
  await vi.waitUntil(() => present.length === 3, patience);
  expect(present).toEqual([false, true, false]);
});
