import { expect, test } from 'vitest';
import { sessionFixture, snapshotFixture } from '../fixtures/snapshot.ts';
import { poolViews, upgradeSentence, windowOf, workspaceName } from './session-view.ts';

test.each([
  ['file:///home/ann/my%20plans', 'my plans'],
  ['/home/ann/plans/', 'plans'],
  ['C:\\Users\\ann\\plans', 'plans'],
  ['file:///100%', '100%'],
  ['/', '/'],
])('the workspace %s is called %s', (workspace, name) => {
  expect(workspaceName(workspace)).toBe(name);
});

test('an upgrade says how far it is, and why it ended early', () => {
  const upgrade = { total: 3, done: 1, failed: null, startedAt: '2026-11-22T12:00:00.000Z' };
  expect(upgradeSentence(upgrade)).toBe('Upgrading: 1 of 3 instances replaced.');
  expect(upgradeSentence({ ...upgrade, done: 3 })).toBe('3 of 3 instances replaced.');
  expect(upgradeSentence({ ...upgrade, failed: 'mcp:4 did not get ready.' })).toBe(
    'The upgrade ended early: mcp:4 did not get ready. 1 of 3 instances replaced; the others go on.',
  );
});

test('a session that moves counts for its pool, though it is on no instance', () => {
  const session = sessionFixture({ sessionId: 'a', instance: null });
  const [view] = poolViews(snapshotFixture({ sessions: [session] }));
  expect(view?.moving).toBe(1);
  expect(view?.instances.map(({ name }) => name)).toEqual(['mcp:1', 'mcp:2']);
});

test('a session without a window has none', () => {
  expect(windowOf(sessionFixture({ sessionId: 'a' }), [])).toBeNull();
});
