import { expect, test } from 'vitest';
import { serviceStates } from '../../shared/status.ts';
import { serviceFixture } from '../fixtures/services.ts';
import { snapshotFixture } from '../fixtures/snapshot.ts';
import {
  browsableUrl,
  isSensible,
  reasonText,
  serviceActions,
  serviceRows,
  stateChanges,
} from './service-view.ts';

test('instances stand under their pool', () => {
  const rows = serviceRows(snapshotFixture()).map((row) => `${row.kind} ${row.service.name}`);
  expect(rows.slice(0, 4)).toEqual([
    'service mcp',
    'instance mcp:1',
    'instance mcp:2',
    'service dashboard',
  ]);
});

test('every state but stopping leaves a person something to do, and never Start beside Restart', () => {
  for (const state of serviceStates) {
    const actions = serviceActions.filter((action) => isSensible(action, state));
    expect(actions.length > 0).toBe(state !== 'stopping');
    expect(actions.includes('Start') && actions.includes('Restart')).toBe(false);
  }
});

test('only what shows something in a browser gets a link', () => {
  const url = 'http://127.0.0.1:3459/';
  expect(browsableUrl(serviceFixture({ name: 'dashboard', kind: 'dashboard', url }))).toBe(url);
  expect(browsableUrl(serviceFixture({ name: 'mcp', kind: 'mcp_pool', url }))).toBeNull();
});

test('a reason is shown as a phrase, and not at all where it repeats the state', () => {
  expect(reasonText('ended with exit code 3', 'backing_off')).toBe('Ended with exit code 3');
  expect(reasonText('running', 'ready')).toBe('');
});

test('a change of state is told in words; a service that is new is not a change', () => {
  const before = [serviceFixture({ name: 'a', displayName: 'A' })];
  const after = [
    serviceFixture({ name: 'a', displayName: 'A', state: 'crash_loop' }),
    serviceFixture({ name: 'b', displayName: 'B' }),
  ];
  expect([...stateChanges(before, after).values()]).toEqual(['A: crash loop']);
});
