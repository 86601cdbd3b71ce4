/** Windows come and go; nobody who is gone is shown (old weakness W22: phantoms, duplicates, no links). */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { Clients } from './clients.ts';

let clients: Clients;
let changes = 0;
let emptied = 0;
let emptyAfterMs = 0;

beforeEach(() => {
  changes = 0;
  emptied = 0;
  emptyAfterMs = 0;
  clients = new Clients({
    sessions: () => [],
    onChange: () => {
      changes += 1;
    },
    emptyAfterMs: () => emptyAfterMs,
    onEmpty: () => {
      emptied += 1;
    },
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  clients.close();
});

const window = { pid: 7, window_id: 'w1' };

function connection() {
  const end = new AbortController();
  return { closed: end.signal, end: () => end.abort() };
}

const ids = () => clients.list().map(({ clientId }) => clientId);

test('W22 a window that goes away with its connection is no client any more', () => {
  const [one, other] = [connection(), connection()];
  const first = clients.attach(window, one);
  const second = clients.attach({ pid: 8, window_id: 'w2' }, other);
  expect(first).toMatchObject({ windowId: 'w1', pid: 7, leaseMs: null, leaseUntil: null });
  expect(ids()).toEqual(['client-1', 'client-2']);
  one.end();
  expect(ids()).toEqual([second.clientId]);
  expect(changes).toBe(3);
});

test('W22 a window that attaches again is the same client, tied to the connection it has now', () => {
  const [old, fresh] = [connection(), connection()];
  const { clientId } = clients.attach(window, old);
  expect(clients.attach({ ...window, agent: 'claude' }, fresh).clientId).toBe(clientId);
  expect(clients.list()).toMatchObject([{ clientId, agent: 'claude' }]);
  old.end();
  expect(ids()).toEqual([clientId]);
  fresh.end();
  expect(ids()).toEqual([]);
});

test('a connection that has ended already leaves nobody behind', () => {
  const gone = connection();
  gone.end();
  clients.attach(window, gone);
  expect(ids()).toEqual([]);
});

test('with a lease a window outlives its connection, but not the lease', () => {
  vi.useFakeTimers();
  const { closed, end } = connection();
  const attached = clients.attach({ ...window, lease_ms: 5_000 }, { closed });
  expect(attached).toMatchObject({ leaseMs: 5_000, leaseUntil: expect.any(String) });
  end();
  vi.advanceTimersByTime(4_999);
  expect(ids()).toEqual(['client-1']);
  vi.advanceTimersByTime(1);
  expect(ids()).toEqual([]);
});

test('F2 a lease that ends while the machine sleeps begins anew when it wakes', () => {
  vi.useFakeTimers();
  clients.attach({ ...window, lease_ms: 5_000 }, null);
  const awake = performance.now.bind(performance);
  // As on a system whose monotonic clock runs on in a sleep.
  vi.spyOn(performance, 'now').mockImplementation(() => awake() + 3_600_000);
  vi.advanceTimersByTime(5_000);
  expect(ids()).toEqual(['client-1']);
  vi.advanceTimersByTime(5_000);
  expect(ids()).toEqual([]);
});

test('a lease begins anew with every request of the connection, or with the id of the client', () => {
  vi.useFakeTimers();
  const [tie, stranger] = [connection(), connection()];
  clients.attach({ ...window, lease_ms: 1_000 }, tie);
  for (const [from, id] of [
    [tie, null],
    [null, 'client-1'],
    [stranger, 'client-1'],
  ] as const) {
    vi.advanceTimersByTime(900);
    clients.heardOf(from, id);
  }
  vi.advanceTimersByTime(900);
  clients.heardOf(stranger, null);
  clients.heardOf(null, 'client-9');
  expect(ids()).toEqual(['client-1']);
  vi.advanceTimersByTime(100);
  expect(ids()).toEqual([]);
});

test('without a connection and without a lease nobody is attached', () => {
  expect(() => clients.attach(window, null)).toThrow(/lease_ms/);
  expect(ids()).toEqual([]);
  expect(clients.attach({ ...window, lease_ms: 60_000 }, null).clientId).toBe('client-1');
});

test('detaching works once', () => {
  clients.attach(window, connection());
  expect(clients.detach('client-1')).toBe(true);
  expect(clients.detach('client-1')).toBe(false);
  expect(ids()).toEqual([]);
});

test('a program that makes up windows is stopped at a bound', () => {
  const tie = connection();
  const attach = (count: number) => clients.attach({ pid: 1, window_id: `w${count}` }, tie);
  expect(() => {
    for (let count = 0; count < 2_000; count += 1) attach(count);
  }).toThrow(/1000 attached windows/);
  expect(clients.list()).toHaveLength(1_000);
  // Who is known already comes in all the same.
  expect(attach(1).clientId).toBe('client-2');
});

test('W22 the end of the last window is told after its time, unless another one comes', async () => {
  emptyAfterMs = 20;
  const one = connection();
  clients.attach(window, one);
  one.end();
  clients.attach(window, connection());
  await delay(60);
  expect(emptied).toBe(0);
  clients.detach('client-2');
  await expect.poll(() => emptied, patience).toBe(1);
});

test('where nobody asked for it, the end of the last window means nothing', async () => {
  clients.attach(window, connection());
  clients.detach('client-1');
  await delay(20);
  expect(emptied).toBe(0);
});
