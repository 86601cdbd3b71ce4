import { expect, test } from 'vitest';
import { eventStatsFixture, serviceFixture } from '../shared/status.test-helper.ts';
import type { ServiceStatus, StatusSnapshot } from '../shared/status.ts';
import { statusLines } from './status.ts';
import { textWidth } from './text-width.ts';

const now = Date.parse('2026-11-23T10:00:00.000Z');

function service(name: string, facts: Partial<ServiceStatus> = {}): ServiceStatus {
  return serviceFixture(name, 'ready', {
    displayName: name,
    reason: 'it answers',
    since: '2026-11-23T07:58:00.000Z',
    pid: 4711,
    port: 3457,
    ...facts,
  });
}

const snapshot: StatusSnapshot = {
  version: '1.0.0',
  instanceId: 'i',
  pid: 100,
  startedAt: '2026-11-22T07:00:00.000Z',
  stopping: false,
  config: {
    path: '/home/me/supervisor.toml',
    running: 'last_good',
    restartNeeded: [],
    problems: [
      {
        severity: 'error',
        message: 'expected a number',
        line: 3,
        column: 8,
        endLine: 3,
        endColumn: 9,
        path: 'mcp.port',
      },
    ],
  },
  mcpUrl: 'http://127.0.0.1:3457/mcp',
  dashboardUrl: null,
  pageUrl: null,
  services: [
    service('mcp', { kind: 'mcp_pool' }),
    service('search', {
      state: 'crash_loop',
      reason: 'exited with code 1',
      nextRetryAt: '2026-11-23T10:00:30.000Z',
      restarts: 12,
      pid: null,
    }),
  ],
  instances: [
    {
      ...service('mcp:1', { kind: 'mcp_instance', cpuPercent: 12.4, rssBytes: 81_500_000 }),
      server: 'mcp',
      sessions: 2,
      inFlight: 0,
      calls: 9,
    },
  ],
  sessions: [],
  clients: [],
  doors: [],
  events: eventStatsFixture({ published: 3, lastId: 3 }),
  recentEvents: [],
};

test('the view says everything that matters', () => {
  expect(statusLines(snapshot, Number.POSITIVE_INFINITY, (_style, text) => text, now)).toEqual([
    '1 of 2 running. search: crash loop. The configuration file has errors.',
    'up 1 d 3 h · process 100 · version 1.0.0',
    '',
    'MCP     http://127.0.0.1:3457/mcp · 0 sessions',
    'Events  ○ No subscribers · 3 published',
    'Page    off',
    '/home/me/supervisor.toml:3:8: expected a number',
    '',
    'SERVICE  STATE               FOR   PID  PORT  RESTARTS   CPU  MEMORY  WHY',
    'mcp      ● Running     2 h 2 min  4711  3457         –     –       –  –',
    '└ mcp:1  ● Running     2 h 2 min  4711  3457         –  12 %   82 MB  –',
    'search   ✖ Crash loop  2 h 2 min     –  3457        12     –       –  exited with code 1; next try 10:00:30 UTC',
  ]);
});

test.each([20, 40, 60, 80, 120])('it fits %i columns', (width) => {
  for (const line of statusLines(snapshot, width, (_style, text) => text, now)) {
    expect(textWidth(line)).toBeLessThanOrEqual(Math.max(width, 23));
  }
});
