import { expect, test } from 'vitest';
import { parseRoute, routeHash } from './route.ts';

test.each([
  ['', { view: '', place: [] }],
  ['#', { view: '', place: [] }],
  ['#/', { view: '', place: [] }],
  ['#/logs', { view: 'logs', place: [] }],
  ['#logs', { view: 'logs', place: [] }],
  ['#/services/mcp%3A1', { view: 'services', place: ['mcp:1'] }],
  ['#/services/100%', { view: 'services', place: ['100%'] }],
])('the address %s is understood', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test('a link leads to where it was made for, whatever the name holds', () => {
  for (const name of ['mcp', 'mcp:1', 'a/b', 'é %#?']) {
    expect(parseRoute(routeHash('logs', name))).toEqual({ view: 'logs', place: [name] });
  }
});
