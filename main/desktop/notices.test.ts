import { expect, test } from 'vitest';
import type { ConfigProblem, ServiceState, SessionStatus } from '../../shared/status.ts';
import { serviceIn, snapshotOf } from './fixtures.ts';
import { Notices } from './notices.ts';

const minuteMs = 60_000;
const mcpIn = (state: ServiceState) => snapshotOf([serviceIn(state)]);
const ready = mcpIn('ready');

function titles(notices: Notices, states: readonly ServiceState[], fromMs = 0): string[] {
  return states.flatMap((state, index) =>
    notices.next(mcpIn(state), fromMs + index).map(({ title }) => title),
  );
}

test('a service that fails is told with its reason, and so is that it runs again', () => {
  const notices = new Notices(ready);
  expect(notices.next(mcpIn('backing_off'), 0)).toEqual([]);
  expect(notices.next(mcpIn('crash_loop'), 1)).toEqual([
    { title: 'MCP: crash loop', body: 'because of the test' },
  ]);
  expect(titles(notices, ['starting', 'ready'], 2)).toEqual(['MCP runs again']);
});

test('how things are at the start is no news, nor is the same state again', () => {
  const notices = new Notices(mcpIn('failed'));
  expect(titles(notices, ['failed', 'failed', 'ready'])).toEqual([]);
});

test('a crash loop that goes on is told once', () => {
  const notices = new Notices(ready);
  const states: ServiceState[] = ['crash_loop', 'starting', 'crash_loop', 'starting', 'failed'];
  expect(titles(notices, states)).toEqual(['MCP: crash loop']);
});

test('a service that fails and recovers in turn is told again after five minutes only', () => {
  const notices = new Notices(ready);
  expect(titles(notices, ['failed', 'ready', 'failed', 'ready'])).toEqual([
    'MCP: failed',
    'MCP runs again',
  ]);
  expect(titles(notices, ['failed'], 6 * minuteMs)).toEqual(['MCP: failed']);
});

test('of many failures at once the first four are told', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const all = (state: ServiceState) => snapshotOf(names.map((name) => serviceIn(state, name)));
  const notices = new Notices(all('ready'));
  expect(notices.next(all('failed'), 0)).toHaveLength(4);
});

test('what ends because the program ends is no failure', () => {
  const notices = new Notices(ready);
  expect(notices.next({ ...mcpIn('failed'), stopping: true }, 0)).toEqual([]);
});

test('errors of the configuration are told with their line when they appear', () => {
  const problem = { severity: 'error', message: 'must be a number', line: 7 } as ConfigProblem;
  const { config } = ready;
  const broken = { ...ready, config: { ...config, problems: [problem] } };
  const notices = new Notices(ready);
  expect(notices.next(broken, 0)).toEqual([
    { title: 'The configuration has errors; what ran goes on', body: 'Line 7: must be a number' },
  ]);
  expect(notices.next(broken, 1)).toEqual([]);
});

test('sessions that moved are told together', () => {
  const session = (sessionId: string, moves: number) =>
    ({ sessionId, moves, clientName: 'editor' }) as SessionStatus;
  const before = { ...ready, sessions: [session('a', 0), session('b', 1)] };
  const notices = new Notices(before);
  expect(notices.next({ ...before, sessions: [...before.sessions, session('c', 1)] }, 0)).toEqual(
    [],
  );
  expect(notices.next({ ...ready, sessions: [session('a', 1), session('b', 2)] }, 1)).toEqual([
    { title: '2 sessions have moved', body: 'editor and 1 more go on with another instance.' },
  ]);
});
