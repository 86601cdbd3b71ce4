/** The client library against the built supervisor: over restarts, and over a kill. */
import { expect, onTestFinished, test } from 'vitest';
import type { EventItem } from '../client/events.ts';
import { SupervisorClient } from '../client/supervisor-client.ts';
import { Place, type RunningSupervisor, startSupervisor } from './harness.ts';
import { until } from './until.ts';

/** Nothing but the event channel and the doors: what is tested here starts in a second. */
const settings = {
  mcp: { port: 0, enabled: false },
  dashboard: { enabled: false },
} as const;

async function placeAndClient() {
  const place = await Place.create({ settings });
  const client = new SupervisorClient({ configPath: place.configPath, env: place.env });
  onTestFinished(async () => {
    client.close();
    await place[Symbol.asyncDispose]();
  });
  return { place, client };
}

async function start(place: Place): Promise<RunningSupervisor> {
  return await startSupervisor({ place });
}

/** Collects until the client is closed. */
function collect(items: AsyncIterable<EventItem>): readonly EventItem[] {
  const seen: EventItem[] = [];
  void (async () => {
    for await (const item of items) seen.push(item);
  })();
  return seen;
}

test('it finds the supervisor by its configuration, and tells what it is', async () => {
  const { place, client } = await placeAndClient();
  await expect(client.connect()).rejects.toMatchObject({ code: 'not_running' });
  const supervisor = await start(place);
  expect((await client.connect()).pid).toBe(supervisor.process.pid);
  expect(await client.getEventsUrl()).toBe(supervisor.eventsUrl);
  expect((await client.getEventStats()).enabled).toBe(true);
  const { control_tcp: port } = supervisor.ports.services;
  using overTcp = new SupervisorClient({ address: port ?? 0 });
  expect((await overTcp.connect()).pid).toBe(supervisor.process.pid);
});

test('after kill -9 and restart, no event is missing that was not told as a gap, and none comes twice', async () => {
  const { place, client } = await placeAndClient();
  const states: boolean[] = [];
  const onState = ({ connected }: { connected: boolean }) => void states.push(connected);
  let supervisor = await start(place);
  const seen = collect(client.events({ label: 'test', onState }));
  await until(() => states.includes(true), { what: 'the stream' });
  const given: number[] = [];
  for (let life = 0; life < 3; life += 1) {
    for (let each = 0; each < 20; each += 1) {
      given.push((await client.request('EmitTestEvent', { message: `${life}.${each}` })).id);
    }
    await supervisor.stop('SIGKILL');
    supervisor = await start(place);
    // Published while the client may still be waiting to come back.
    const { id } = await supervisor.control<'EmitTestEvent'>({
      type: 'EmitTestEvent',
      message: 'early',
    });
    given.push(id);
  }
  const idsSeen = () => seen.flatMap((item) => (item.kind === 'event' ? [item.event.id] : []));
  await until(() => idsSeen().includes(given.at(-1) ?? 0), {
    what: 'the last event',
    timeoutMs: 20_000,
    instead: () => seen.slice(-5),
  });
  const ids = idsSeen();
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  const gaps = seen.flatMap((item) => (item.kind === 'gap' ? [item.gap] : []));
  const isTold = (id: number) => gaps.some(({ from, to }) => from <= id && id <= to);
  expect(given.filter((id) => !ids.includes(id) && !isTold(id))).toEqual([]);
});

test('a watch goes on with the next supervisor', async () => {
  const { place, client } = await placeAndClient();
  const supervisor = await start(place);
  const pids: (number | string)[] = [];
  const watching = (async () => {
    for await (const item of client.watch({ topics: ['snapshot'] })) {
      if (item.topic === 'connection') pids.push(item.data.connected ? 'here' : 'away');
      else if (pids.at(-1) !== item.data.pid) pids.push(item.data.pid);
    }
  })();
  const first = supervisor.process.pid;
  await until(() => pids.includes(first), { what: 'a snapshot', instead: () => pids });
  await supervisor.stop();
  const second = (await start(place)).process.pid;
  await until(() => pids.includes(second), { what: 'the next one', instead: () => pids });
  expect(pids).toEqual(['here', first, 'away', 'here', second]);
  client.close();
  await watching;
});

test('heartbeats tell the loss of the supervisor at once, and its return', async () => {
  const { place, client } = await placeAndClient();
  const supervisor = await start(place);
  const kinds: string[] = [];
  const listening = (async () => {
    for await (const item of client.heartbeats()) {
      kinds.push(item.kind === 'beat' ? `beat on ${item.beat.mcp_proxy_port}` : 'lost');
    }
  })();
  const port = () => supervisor.ports.services['mcp_proxy'];
  await until(() => kinds.length === 1, { what: 'a beat' });
  await supervisor.stop('SIGKILL');
  await until(() => kinds.includes('lost'), { what: 'the loss' });
  const next = await start(place);
  await until(() => kinds.length === 3, { what: 'the next beat', instead: () => kinds });
  expect(kinds).toEqual([
    `beat on ${port()}`,
    'lost',
    `beat on ${next.ports.services['mcp_proxy']}`,
  ]);
  client.close();
  await listening;
});
