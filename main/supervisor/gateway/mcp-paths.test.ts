import { expect, test } from 'vitest';
import { poolAt, serverPath } from './mcp-paths.ts';

const pools = new Map(['mcp', 'search', 'my notes'].map((name) => [name, null]));

test.each([
  ['/mcp', 'mcp'],
  ['/servers/search/mcp', 'search'],
  ['/servers/Search/mcp', 'search'],
  ['/servers/my%20notes/mcp', 'my notes'],
  ['/mcp/', null],
  ['/servers', null],
  ['/', null],
])('%s is served by %s', (path, pool) => {
  expect(poolAt(path, pools)).toBe(pool);
});

test.each([
  '/servers/serch/mcp',
  '/servers/mcp/mcp',
  '/servers/search',
  '/servers/search/mcp/x',
  '/servers/search/sse',
  '/servers//mcp',
  '/servers/%zz/mcp',
])('%s is no server, and the answer names those there are', (path) => {
  expect(() => poolAt(path, pools)).toThrow(
    `There is no MCP server at ${path}. Known: /mcp, /servers/search/mcp, /servers/my%20notes/mcp.`,
  );
});

test('a name becomes a path that leads to it', () => {
  expect(poolAt(serverPath('My Notes'), pools)).toBe('my notes');
});
