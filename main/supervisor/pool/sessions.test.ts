import { expect, test, vi } from 'vitest';
import { Instance, type Supervised } from './instance.ts';
import { type SessionOpening, SessionTable } from './sessions.ts';

const neverAborted = new AbortController().signal;
const [one, two, three] = ['mcp:1', 'mcp:2', 'mcp:3'].map(instanceNamed) as [
  Instance,
  Instance,
  Instance,
];

function instanceNamed(name: string): Instance {
  // The table asks a service nothing but its port, and only for its status.
  return new Instance(name, 'mcp', { port: 3460 } as Supervised);
}

function opening(sessionId: string): SessionOpening {
  return {
    sessionId,
    clientName: null,
    clientVersion: null,
    protocolVersion: null,
    transport: 'streamable-http',
    principal: null,
    workspace: null,
    userAgent: null,
    clientPid: null,
    clientHint: null,
    initialize: Buffer.from('{}'),
    headers: [],
  };
}

const at = (instance: Instance) => ({ instance, upstreamId: 'its own' });

test('the table counts the sessions of each instance', () => {
  const onChange = vi.fn();
  const table = new SessionTable(onChange);
  table.open(opening('a'), at(one));
  table.open(opening('b'), at(one));
  table.open(opening('c'), at(two));
  expect([table.size, table.countOn(one), table.countOn(two)]).toEqual([3, 2, 1]);
  expect(table.close('a')).toBe(true);
  expect(table.close('a')).toBe(false);
  expect([table.size, table.countOn(one), table.countOn(three)]).toEqual([2, 1, 0]);
  expect(onChange).toHaveBeenCalledTimes(4);
});

test('an id that is minted twice counts once, for the instance that minted it last', () => {
  const table = new SessionTable(() => {});
  table.open(opening('a'), at(one));
  const again = table.open(opening('a'), at(two));
  expect(table.get('a')).toBe(again);
  expect([table.size, table.countOn(one), table.countOn(two)]).toEqual([1, 0, 1]);
});

test('the sessions of one instance are found, and only those', () => {
  const table = new SessionTable(() => {});
  for (const id of ['a', 'b']) table.open(opening(id), at(one));
  const moving = table.open(opening('c'), at(one));
  table.open(opening('d'), at(two));
  moving.leave();
  const idsOn = (instance: Instance) =>
    table.on(instance).map((session) => session.opening.sessionId);
  expect([idsOn(one), idsOn(two), idsOn(three)]).toEqual([['a', 'b'], ['d'], []]);
  expect([table.size, table.countOn(one), table.countOn(two)]).toEqual([4, 2, 1]);
});

test('a session that moves is counted where it arrives; one that ended on the way, nowhere', () => {
  const table = new SessionTable(() => {});
  const [moved, ended] = [table.open(opening('a'), at(one)), table.open(opening('b'), at(one))];
  for (const session of [moved, ended]) session.leave();
  expect([table.countOn(one), table.countOn(two)]).toEqual([0, 0]);
  table.close('b');
  for (const session of [moved, ended]) session.arrive(at(two));
  expect([table.countOn(one), table.countOn(two)]).toEqual([0, 1]);
  expect(table.on(two)).toEqual([moved]);
  table.close('a');
  expect([table.countOn(one), table.countOn(two)]).toEqual([0, 0]);
});

test('who asks for the home of a session that moves gets it when it arrives', async () => {
  const session = new SessionTable(() => {}).open(opening('a'), at(one));
  const { left } = session;
  session.leave();
  expect(left.aborted).toBe(true);
  const home = session.atHome(10_000, neverAborted);
  session.arrive(at(two));
  expect((await home).instance).toBe(two);
  expect(session).toMatchObject({ moves: 1, left: { aborted: false } });
});

test('who asks for the home of a session that moves too long, or ends, gets the reason', async () => {
  const table = new SessionTable(() => {});
  const session = table.open(opening('a'), at(one));
  session.leave();
  const late = session.atHome(20, neverAborted);
  await expect(late).rejects.toMatchObject({ code: 'instance_unavailable' });
  const ended = session.atHome(Number.POSITIVE_INFINITY, neverAborted);
  table.close('a');
  await expect(ended).rejects.toMatchObject({ code: 'session_not_found' });
});

test('at ten thousand sessions the one idle longest makes room, never one in use', () => {
  const table = new SessionTable(() => {});
  for (let number = 0; number < 10_000; number += 1) {
    const session = table.open(opening(`s${number}`), at(one));
    if (number === 0) session.streams = 1;
    if (number === 1) session.inFlight = 1;
  }
  table.open(opening('new'), at(one));
  expect(table.size).toBe(10_000);
  expect(['s0', 's1', 's2', 's3', 'new'].map((id) => table.get(id) !== undefined)).toEqual([
    true,
    true,
    false,
    true,
    true,
  ]);
  expect(table.countOn(one)).toBe(10_000);
});
