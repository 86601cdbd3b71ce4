import { expect, test, vi } from 'vitest';
import { startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { Heartbeat } from './heartbeat.ts';
import { open, send } from './http-client.test-helper.ts';

const path = '/supervisor/heartbeat';

function beats(text: string): unknown[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => JSON.parse(frame.replace(/^data: /, '')));
}

test('W16 the first beat comes at once, with what old clients read and nothing else', async () => {
  await using rig = await startRig();
  using stream = await open(rig.port, { path });
  expect(stream.response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
  });
  await eventually(() => expect(stream.text).toMatch(/^data: .+\n\n$/));
  const [beat] = beats(stream.text);
  expect(beat).toEqual({
    timestamp_ms: expect.any(Number),
    mcp_proxy_port: rig.port,
    pool_base_port: rig.upstream().port,
    pool_instances: 1,
    mcp_healthy: true,
  });
});

test('a change of health is told to everybody at once', async () => {
  await using rig = await startRig();
  using one = await open(rig.port, { path });
  using two = await open(rig.port, { path });
  rig.service().enter('failed');
  rig.gateway.announceHealth();
  await eventually(() => {
    for (const stream of [one, two]) {
      expect(beats(stream.text)).toMatchObject([{ mcp_healthy: true }, { mcp_healthy: false }]);
    }
  });
});

test('HEAD gets the head and its end', async () => {
  await using rig = await startRig();
  const answer = await send(rig.port, { method: 'HEAD', path });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/event-stream');
});

test('a listener that leaves is forgotten, and beats go on for the others', async () => {
  await using rig = await startRig();
  const leaving = await open(rig.port, { path });
  using staying = await open(rig.port, { path });
  leaving.hangUp();
  await leaving.ended;
  rig.gateway.announceHealth();
  await eventually(() => expect(beats(staying.text)).toHaveLength(2));
});

test('beats come every ten seconds, as long as somebody listens', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const heart = new Heartbeat(() => ({
      timestamp_ms: 1,
      mcp_proxy_port: 2,
      pool_base_port: 3,
      pool_instances: 4,
      mcp_healthy: true,
    }));
    await using rig = await startRig({
      gateway: { events: (_, response) => heart.subscribe(response) },
    });
    using stream = await open(rig.port, { path: '/supervisor/events' });
    for (const count of [1, 2, 3]) {
      await eventually(() => expect(beats(stream.text)).toHaveLength(count));
      vi.advanceTimersByTime(10_000);
    }
    expect(vi.getTimerCount()).toBe(1);
    stream.hangUp();
    await eventually(() => expect(vi.getTimerCount()).toBe(0));
    heart.close();
  } finally {
    vi.useRealTimers();
  }
});
