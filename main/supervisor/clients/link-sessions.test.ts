/** Which window a session belongs to (old weakness W22: none was ever linked). */
import { expect, test } from 'vitest';
import { type LinkableClient, linkSessions } from './link-sessions.ts';

const left: LinkableClient = {
  clientId: 'client-1',
  windowId: 'left|window',
  pid: 100,
  agent: 'claude-code',
  workspace: '/home/me/left',
};
const right: LinkableClient = {
  clientId: 'client-2',
  windowId: 'right|window',
  pid: 200,
  agent: 'claude-code',
  workspace: '/home/me/right',
};

const plain = {
  sessionId: 's',
  clientPid: null,
  clientHint: null,
  clientName: null,
  userAgent: null,
  workspace: null,
};

function ownerOf(session: Partial<typeof plain> | object, clients = [left, right]): string | null {
  const links = linkSessions(clients, [{ ...plain, ...session }]);
  return [...links.keys()][0] ?? null;
}

test('W22 a session is linked by the header that names the client or its window', () => {
  expect(ownerOf({ clientHint: 'client-2' })).toBe('client-2');
  expect(ownerOf({ clientHint: 'left|window' })).toBe('client-1');
});

test('W22 a session is linked by the process of its client', () => {
  expect(ownerOf({ clientPid: 200 })).toBe('client-2');
  expect(ownerOf({ clientPid: 100, workspace: '/home/me/right' })).toBe('client-1');
});

test('of several windows of one process, the workspace tells which', () => {
  const twin = { ...right, pid: 100 };
  expect(ownerOf({ clientPid: 100, workspace: 'file:///home/me/right/' }, [left, twin])).toBe(
    'client-2',
  );
  expect(ownerOf({ clientPid: 100 }, [left, twin])).toBeNull();
});

test('W22 a session is linked by agent and workspace together, by neither alone', () => {
  const at = { workspace: 'file:///home/me/left' };
  expect(ownerOf({ ...at, userAgent: 'claude-code/2.0 (linux)' })).toBe('client-1');
  expect(ownerOf({ ...at, clientName: 'Claude-Code' })).toBe('client-1');
  expect(ownerOf({ ...at, userAgent: 'node' })).toBeNull();
  expect(ownerOf({ userAgent: 'claude-code/2.0' })).toBeNull();
});

test('where two windows would fit, a session belongs to none', () => {
  const twin = { ...right, workspace: left.workspace };
  expect(
    ownerOf({ clientName: 'claude-code', workspace: '/home/me/left' }, [left, twin]),
  ).toBeNull();
});

test('a session of a process or window that is not attached is not given to another one', () => {
  const fits = { clientName: 'claude-code', workspace: '/home/me/left' };
  expect(ownerOf({ ...fits, clientPid: 999 })).toBeNull();
  expect(ownerOf({ ...fits, clientHint: 'client-9' })).toBeNull();
});

test('a workspace whose address is broken matches nothing and breaks nothing', () => {
  expect(ownerOf({ clientName: 'claude-code', workspace: 'file:///%E0%A4%A' })).toBeNull();
});

test('a window has all its sessions', () => {
  const sessions = ['a', 'b', 'c'].map((sessionId) => ({ ...plain, sessionId, clientPid: 100 }));
  expect([...linkSessions([left, right], sessions)]).toEqual([['client-1', ['a', 'b', 'c']]]);
});
