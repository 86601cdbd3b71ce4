import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { EventBus } from './event-bus.ts';
import { EventSockets } from './event-sockets.ts';
import { openPeer } from './test-client.ts';

async function serve(pingMs: number) {
  const bus = new EventBus();
  const present: boolean[] = [];
  bus.onAudience((now) => present.push(now));
  const sockets = new EventSockets({ bus, pingMs });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    sockets.close(0);
    server.close();
  });
  const connections = promisify(server.getConnections.bind(server));
  const { port } = server.address() as AddressInfo;
  return { port, bus, present, sockets, connections };
}

test('a peer that answers pings stays, one that does not is cut off', async () => {
  // Long enough for an answer between two pings, also on a busy machine.
  const { port, present } = await serve(250);
  const peer = await openPeer(port);
  let pings = 0;
  peer.socket.on('ping', () => {
    pings += 1;
  });
  // A WebSocket by hand: it asks for the upgrade and then never answers anything.
  const mute = connect(port, '127.0.0.1');
  mute.write(
    'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  mute.resume();
  await once(mute, 'close');
  await vi.waitUntil(() => pings > 3, patience);
  expect(peer.socket.readyState).toBe(peer.socket.OPEN);
  peer.socket.close();
  await vi.waitUntil(() => present.at(-1) === false, patience);
});

test('a peer that does not read is cut off at 1 MiB, the others get everything', async () => {
  const { port, bus, connections } = await serve(60_000);
  const slow = await openPeer(port);
  slow.socket.pause();
  const fast = await openPeer(port);
  const data = { text: 'x'.repeat(64 * 1024) };
  let published = 0;
  while ((await connections()) === 2 && published < 1_000) {
    bus.publish({ id: `evt_${published}`, type: 'note_added', timestamp: '', data });
    published += 1;
    await vi.waitUntil(() => fast.messages.length === published, { ...patience, interval: 1 });
  }
  expect(published).toBeLessThan(1_000);
  expect(published).toBeGreaterThan(16);
  slow.socket.resume();
  expect(await slow.closed).toBe(1006);
});

test('what a peer sends, even nonsense, disturbs nobody else', async () => {
  const { port, bus } = await serve(60_000);
  const good = await openPeer(port);
  const bad = await openPeer(port);
  good.socket.send('hello');
  bad.socket.send('x'.repeat(1024 * 1024));
  expect(await bad.closed).toBe(1009);
  bus.publish({ id: 'a', type: 'test', timestamp: '', data: {} });
  await vi.waitUntil(() => good.messages.length === 1, patience);
});

test('on closing, peers are told that the server goes away', async () => {
  const { port, sockets } = await serve(60_000);
  const peer = await openPeer(port);
  sockets.close(1_000);
  expect(await peer.closed).toBe(1001);
});
