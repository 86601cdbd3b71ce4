import { expect, test, vi } from 'vitest';
import { SessionTable } from './sessions.ts';

function opening(sessionId: string, instance = 'mcp:1') {
  return { sessionId, instance, clientName: null, clientVersion: null, protocolVersion: null };
}

test('the table counts the sessions of each instance', () => {
  const onChange = vi.fn();
  const table = new SessionTable(onChange);
  table.open(opening('a'));
  table.open(opening('b'));
  table.open(opening('c', 'mcp:2'));
  expect([table.size, table.countOf('mcp:1'), table.countOf('mcp:2')]).toEqual([3, 2, 1]);
  expect(table.close('a')).toBe(true);
  expect(table.close('a')).toBe(false);
  expect([table.size, table.countOf('mcp:1'), table.countOf('mcp:3')]).toEqual([2, 1, 0]);
  expect(onChange).toHaveBeenCalledTimes(4);
});

test('an id that is minted twice counts once, for the instance that minted it last', () => {
  const table = new SessionTable(() => {});
  table.open(opening('a'));
  const again = table.open(opening('a', 'mcp:2'));
  expect(table.get('a')).toBe(again);
  expect([table.size, table.countOf('mcp:1'), table.countOf('mcp:2')]).toEqual([1, 0, 1]);
});

test('the sessions of a lost instance go, and only those', () => {
  const table = new SessionTable(() => {});
  for (const id of ['a', 'b']) table.open(opening(id));
  table.open(opening('c', 'mcp:2'));
  expect(table.closeAllOf('mcp:1')).toBe(2);
  expect(table.closeAllOf('mcp:1')).toBe(0);
  expect(table.all().map((session) => session.opening.sessionId)).toEqual(['c']);
});

test('at ten thousand sessions the one idle longest makes room, never one in use', () => {
  const table = new SessionTable(() => {});
  for (let number = 0; number < 10_000; number += 1) {
    const session = table.open(opening(`s${number}`));
    session.lastActivityAt = new Date(number);
    if (number === 0) session.streams = 1;
    if (number === 1) session.inFlight = 1;
  }
  table.open(opening('new'));
  expect(table.size).toBe(10_000);
  expect(['s0', 's1', 's2', 's3', 'new'].map((id) => table.get(id) !== undefined)).toEqual([
    true,
    true,
    false,
    true,
    true,
  ]);
  expect(table.countOf('mcp:1')).toBe(10_000);
});
