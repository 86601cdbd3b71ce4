import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DataChangeEvent, StampedEvent } from '../../../shared/events.ts';
import { channelOf } from './channel.test-helper.ts';
import type { EventChannel } from './channel.ts';
import { Ingest } from './ingest.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

interface Supervisor {
  readonly channel: EventChannel;
  readonly ingest: Ingest;
  readonly events: StampedEvent[];
}

function supervisor(instanceId = 'here', maxEventBytes = 131_072): Supervisor {
  const channel = channelOf({ maxEventBytes });
  const events: StampedEvent[] = [];
  channel.onPublish((event) => void events.push(event));
  return { channel, ingest: new Ingest(channel, instanceId), events };
}

const created = { id: 'evt_1', type: 'plan_created', workspace_id: 'w', plan_id: 'p' };
const typesOf = ({ events }: Supervisor) => events.map(({ data }) => data.event_type);
const later = (number: number, change: object = {}) => ({
  ...created,
  id: `evt_${number}`,
  ...change,
});

test('W1 an event is published with who told it, when, and its id and name there', () => {
  const { ingest, events } = supervisor();
  const timestamp = '2026-11-22T07:27:42.250Z';
  const event = ingest.accept({ ...created, type: 'step_updated', timestamp }, 'webhook:mcp:3460');
  expect(events).toEqual([event]);
  expect(event).toEqual({
    id: 1,
    data: {
      event_type: 'step_changed',
      workspace_id: 'w',
      plan_id: 'p',
      step_index: 0,
      timestamp,
      source: 'webhook:mcp:3460',
      source_id: 'evt_1',
      source_type: 'step_updated',
    },
  });
});

test('an event without id or time gets both', () => {
  const { ingest } = supervisor();
  const event = ingest.accept({ type: 'plan_created' }, 'stream:dashboard');
  expect(event?.data.source_id).toMatch(/^anon_[0-9a-f]{16}$/);
  expect(event?.data.timestamp).toBe(new Date().toISOString());
  // Its name here and there is the same.
  expect(event?.data).not.toHaveProperty('source_type');
});

test('W3 an event enters once, whichever ways it comes', () => {
  const { ingest, events } = supervisor();
  expect(ingest.accept(created, 'webhook:mcp:3460')).not.toBeNull();
  expect(ingest.accept(created, 'webhook:mcp:3461')).toBeNull();
  expect(ingest.accept(created, 'stream:dashboard')).toBeNull();
  // As another supervisor tells it.
  const { data } = events[0] as { readonly data: DataChangeEvent };
  expect(
    ingest.accept({ id: 77, data: { ...data, source: 'elsewhere' } }, 'stream:other'),
  ).toBeNull();
  expect(events).toHaveLength(1);
  expect(ingest.deduplicated).toBe(3);
});

test('events without ids are never taken for each other', () => {
  const { ingest, events } = supervisor();
  for (let time = 0; time < 3; time += 1) ingest.accept({ type: 'plan_created' }, 'stream:a');
  // A supervisor of the old system numbers from 1 again after each start.
  const old = { id: 1, data: { event_type: 'plan_created', workspace_id: 'w', plan_id: 'p' } };
  for (let time = 0; time < 3; time += 1) ingest.accept(old, 'stream:old');
  expect(events).toHaveLength(6);
});

test('ids are remembered over the last 10,000 events, and memory stays bounded', () => {
  const { ingest } = supervisor();
  for (let number = 1; number <= 10_001; number += 1) ingest.accept(later(number), 's');
  expect(ingest.accept(later(2), 's')).toBeNull();
  expect(ingest.accept(later(1), 's')).not.toBeNull();
});

test('W3 events born here are recognised when they come back, even 20,000 events later', () => {
  const { ingest, events } = supervisor();
  const born = ingest.originate({ event_type: 'test', message: 'm' }, 'control');
  expect(born.data.source_id).toBe('pms_here_1');
  for (let number = 1; number <= 20_000; number += 1) ingest.accept(later(number), 's');
  const published = events.length;
  expect(ingest.accept(born, 'stream:dashboard')).toBeNull();
  expect(
    ingest.accept({ id: 5, data: { event_type: 'raw', payload: born } }, 'stream:old'),
  ).toBeNull();
  expect(events).toHaveLength(published);
  // Another supervisor's births are not ours.
  const theirs = { id: 9, data: { ...born.data, source_id: 'pms_there_1' } };
  expect(ingest.accept(theirs, 'stream:there')).not.toBeNull();
});

/** Tells everything that `from` publishes to `to`, in a shape of its own; counts what it told. */
function bridge(from: Supervisor, to: Supervisor, name: string, shape = (event: unknown) => event) {
  const told = { count: 0 };
  const waiting: unknown[] = [];
  from.channel.onPublish((event) => void waiting.push(shape(JSON.parse(JSON.stringify(event)))));
  return {
    told,
    /** True when there was something to tell. */
    run: () => {
      const events = waiting.splice(0);
      told.count += events.length;
      for (const event of events) to.ingest.accept(event, name);
      return events.length > 0;
    },
  };
}

test('W3 a loop of two supervisors and an echoing dashboard ends', () => {
  const [here, there] = [supervisor('here'), supervisor('there')];
  const numbers = { here: 0 };
  const bridges = [
    bridge(here, there, 'stream:here'),
    bridge(there, here, 'stream:there'),
    // A dashboard that repeats to each what it hears from it.
    bridge(here, here, 'stream:dashboard'),
    bridge(there, there, 'stream:dashboard'),
    // A supervisor of the old system, which knows no ids and wraps what it does not understand.
    bridge(here, there, 'stream:old', (payload) => {
      numbers.here += 1;
      return { id: numbers.here, data: { event_type: 'raw', payload } };
    }),
  ];
  here.ingest.accept(created, 'webhook:mcp:3460');
  there.ingest.originate({ event_type: 'test', message: 'm' }, 'control');
  here.ingest.accept({ type: 'tea_time', data: {} }, 'stream:x');
  vi.advanceTimersByTime(5_000);
  let rounds = 0;
  while (bridges.map(({ run }) => run()).includes(true)) {
    rounds += 1;
    expect(rounds).toBeLessThan(20);
    vi.advanceTimersByTime(5_000);
  }
  for (const each of [here, there]) {
    const changes = typesOf(each).filter((type) => type !== 'metrics_invalidated');
    expect(changes.sort()).toEqual(['plan_created', 'raw', 'test']);
    // Each supervisor tells of its own metrics, and repeats what the other told, once.
    expect(typesOf(each).length).toBeLessThanOrEqual(5);
  }
});

test('an event that was too large is no duplicate when it comes again, smaller', () => {
  const { ingest } = supervisor('here', 1_000);
  const large = later(1, { type: 'tea_time', data: { text: 'x'.repeat(2_000) } });
  for (let time = 0; time < 2; time += 1) {
    expect(() => ingest.accept(large, 's')).toThrow(expect.objectContaining({ code: 'too_large' }));
  }
  expect(ingest.accept(later(1), 's')?.id).toBe(1);
  expect(ingest.deduplicated).toBe(0);
});

test('garbage is refused and changes nothing', () => {
  const { ingest, events } = supervisor();
  expect(() => ingest.accept({ connected: true }, 's')).toThrow(
    expect.objectContaining({ code: 'bad_request' }),
  );
  expect(events).toEqual([]);
});

test('changes within a second make the metrics invalid once, for their workspace', () => {
  const { ingest, events } = supervisor();
  for (let number = 1; number <= 5; number += 1) {
    ingest.accept(later(number), 's');
    vi.advanceTimersByTime(150);
  }
  expect(events).toHaveLength(5);
  vi.advanceTimersByTime(1_000);
  expect(events.slice(5).map(({ data }) => data)).toEqual([
    expect.objectContaining({
      event_type: 'metrics_invalidated',
      workspace_id: 'w',
      source: 'supervisor',
    }),
  ]);
  // Of its own accord it says so only once.
  vi.advanceTimersByTime(10_000);
  expect(events).toHaveLength(6);
  ingest.accept(later(6), 's');
  vi.advanceTimersByTime(1_000);
  expect(events).toHaveLength(8);
});

test('changes of several workspaces make the metrics of all invalid', () => {
  const { ingest, events } = supervisor();
  for (const [index, workspace_id] of ['w', 'other', 'w'].entries())
    ingest.accept(later(index, { workspace_id }), 's');
  vi.advanceTimersByTime(1_000);
  expect(events.at(-1)?.data).toMatchObject({
    event_type: 'metrics_invalidated',
    workspace_id: null,
  });
});

test.each(['workspace_registered', 'workspace_scope_changed', 'tea_time'])(
  'a %s leaves the metrics valid',
  (type) => {
    const { ingest, events } = supervisor();
    ingest.accept(later(1, { type }), 's');
    vi.advanceTimersByTime(10_000);
    expect(events).toHaveLength(1);
  },
);

test('what is due soon is told at once when it ends, and not again', () => {
  const { ingest, events } = supervisor();
  ingest.flush();
  ingest.accept(created, 's');
  ingest.flush();
  expect(events.at(-1)?.data.event_type).toBe('metrics_invalidated');
  vi.advanceTimersByTime(10_000);
  expect(events).toHaveLength(2);
});

test('it is counted who told how much, and how fast', () => {
  const { ingest } = supervisor();
  for (let time = 0; time < 3; time += 1) ingest.countPush('webhook:mcp:3460');
  vi.advanceTimersByTime(70_000);
  ingest.countPush('webhook:mcp:3460');
  ingest.countPush('control');
  expect(ingest.pushingSources()).toMatchObject([
    { name: 'webhook:mcp:3460', kind: 'webhook', state: 'connected', received: 4, perMinute: 1 },
    { name: 'control', kind: 'control', received: 1, lastEventAt: new Date().toISOString() },
  ]);
});

test('made-up source names do not fill the memory', () => {
  const { ingest } = supervisor();
  for (let number = 0; number < 1_000; number += 1) ingest.countPush(`webhook:${number}`);
  expect(ingest.pushingSources()).toHaveLength(256);
  ingest.countPush('webhook:0');
  expect(ingest.pushingSources()[0]).toMatchObject({ received: 2 });
});
