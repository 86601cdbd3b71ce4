/** Clients that other people wrote: what they make of our stream. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { EventSource } from 'eventsource';
import { expect, onTestFinished, test } from 'vitest';
import type { Gap, StampedEvent } from '../../../shared/events.ts';
import { readFrames } from './channel.test-helper.ts';
import type { EventRoom } from './event-room.ts';
import { soon } from './events.test-helper.ts';
import { roomIn, type Served, serveRoom, tempFolder } from './room.test-helper.ts';

async function openRoom(): Promise<{ readonly room: EventRoom; readonly served: Served }> {
  const folder = await tempFolder();
  const room = roomIn(folder.path, { settings: { journal: false, replay_buffer_size: 10 } });
  await room.open();
  const served = await serveRoom(room);
  onTestFinished(async () => {
    await room.close();
    await served[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  return { room, served };
}

function emit(room: EventRoom, count: number): void {
  for (let index = 0; index < count; index += 1) {
    room.originate({ event_type: 'test', message: `ä ${index}` }, 'control');
  }
}

test('npm’s eventsource receives events, comes back with its cursor, and is told of a gap', async () => {
  const { room, served } = await openRoom();
  const source = new EventSource(`${served.url}/supervisor/events`);
  onTestFinished(() => source.close());
  const ids: number[] = [];
  const named: unknown[] = [];
  source.addEventListener('message', ({ data, lastEventId }) => {
    const event = JSON.parse(String(data)) as StampedEvent;
    expect(String(event.id)).toBe(lastEventId);
    ids.push(event.id);
  });
  for (const name of ['gap', 'shutdown']) {
    source.addEventListener(name, ({ data }) => {
      named.push(name, JSON.parse(String(data)) as Gap);
    });
  }
  await once(source, 'open');
  emit(room, 3);
  await soon(() => expect(ids).toEqual([1, 2, 3]));
  served.server.closeAllConnections();
  emit(room, 20);
  // It waits the two seconds that `retry:` asked for, not the three that it would by itself.
  const since = performance.now();
  await soon(() => expect(ids.at(-1)).toBe(23));
  expect(performance.now() - since).toBeLessThan(2_900);
  expect(named).toEqual(['gap', { from: 4, to: 13, reason: 'expired' }]);
  expect(ids).toEqual([1, 2, 3, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  room.setEnabled(false);
  await soon(() => expect(named.slice(2)).toEqual(['shutdown', {}]));
});

test('curl -N shows every event at once', async ({ skip }) => {
  if (spawnSync('curl', ['--version']).status !== 0) skip('there is no curl');
  const { room, served } = await openRoom();
  emit(room, 5);
  const address = `${served.url}/supervisor/events?last_event_id=3&label=curl`;
  const curl = spawn('curl', ['--silent', '--no-buffer', '--include', address]);
  onTestFinished(() => void curl.kill('SIGKILL'));
  let output = '';
  curl.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ids = () => readFrames(output.slice(output.indexOf('\r\n\r\n') + 4));
  await soon(() => expect(ids()).toEqual([{ id: 4 }, { id: 5 }]));
  expect(room.stats('').subscribers).toMatchObject([
    { label: 'curl', userAgent: expect.stringContaining('curl/') },
  ]);
  for (let id = 6; id <= 8; id += 1) {
    emit(room, 1);
    await soon(() => expect(ids().at(-1)).toEqual({ id }));
  }
  expect(output).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  const exit = once(curl, 'close');
  room.setEnabled(false);
  // The end of the connection is the end of the answer: no error for curl.
  expect(await exit).toEqual([0, null]);
  expect(ids().at(-1)).toEqual({ named: 'shutdown' });
});

test('fetch reads it as a stream', async () => {
  const { room, served } = await openRoom();
  const answer = await fetch(`${served.url}/supervisor/events`);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let output = '';
  emit(room, 2);
  while (!output.includes('id: 2\n') || !output.endsWith('\n\n')) {
    output += (await reader?.read())?.value ?? '';
  }
  expect(readFrames(output)).toEqual([{ id: 1 }, { id: 2 }]);
  await reader?.cancel();
  await soon(() => expect(room.stats('').subscribers).toEqual([]));
});
