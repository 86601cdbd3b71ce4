/** Each thing that can be wrong is found, and comes with something that a person can do. */
import { expect, test } from 'vitest';
import type { DoctorCheck } from '../../shared/control-replies.ts';
import { serviceFixture, snapshotFixture } from '../../shared/status.test-helper.ts';
import type { SourceStatus, StatusSnapshot } from '../../shared/status.ts';
import { examine, type Facts } from './doctor/checks.ts';

const gigabyte = 1024 ** 3;

function factsWith(given: Partial<Facts> = {}, shown: Partial<StatusSnapshot> = {}): Facts {
  return {
    snapshot: snapshotFixture({ services: [serviceFixture('mcp', 'ready')], ...shown }),
    nodeVersion: '24.1.0',
    strays: [],
    freeBytes: 50 * gigabyte,
    dataDir: '/data',
    logBytes: 1_000,
    logFolder: '/data/logs',
    socketMode: 0o140600,
    socketFolderMode: 0o040700,
    socketPath: '/run/control.sock',
    loopDelayMs: 1,
    autostart: { desktop: null, service: null },
    ...given,
  };
}

function find(name: string, facts: Facts): DoctorCheck {
  const found = examine(facts).find((check) => check.name === name);
  if (!found) throw new Error(`no check ${name}`);
  return found;
}

test('a healthy supervisor has nothing to cure', () => {
  const checks = examine(factsWith());
  expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(checks.filter(({ cure }) => cure !== null)).toEqual([]);
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});

const { events } = snapshotFixture();
const journal = { ...events.journal, file: '/data/events.db', lost: 3, lastError: 'disk full' };
const source: SourceStatus = {
  name: 'dash',
  kind: 'stream',
  state: 'waiting',
  url: 'http://127.0.0.1:1/',
  received: 0,
  perMinute: 0,
  lastEventAt: null,
  lastError: 'refused',
  nextRetryAt: null,
};
const configProblem = {
  message: 'no such key',
  line: 3,
  column: 7,
  endLine: 3,
  endColumn: 9,
  path: 'x',
};
const door = {
  name: 'tcp',
  address: 'a',
  state: 'waiting',
  error: 'Port 1 is taken.',
  nextRetryAt: null,
} as const;

test.each<[string, DoctorCheck['status'], RegExp, Partial<Facts>, Partial<StatusSnapshot>]>([
  [
    'config',
    'problem',
    /c\.toml:3:7: no such key/,
    {},
    {
      config: {
        path: 'c.toml',
        running: 'none',
        problems: [{ ...configProblem, severity: 'error' }],
      },
    },
  ],
  [
    'config',
    'warning',
    /c\.toml:3:7/,
    {},
    {
      config: {
        path: 'c.toml',
        running: 'file',
        problems: [{ ...configProblem, severity: 'warning' }],
      },
    },
  ],
  [
    'services',
    'problem',
    /search.*because/,
    {},
    { services: [serviceFixture('search', 'crash_loop')] },
  ],
  ['ports', 'problem', /tcp: Port 1 is taken/, {}, { doors: [door] }],
  [
    'ports',
    'problem',
    /in use by nginx/,
    {},
    {
      services: [
        serviceFixture('dashboard', 'failed', {
          reason: 'Port 1 of the dashboard is in use by nginx',
        }),
      ],
    },
  ],
  ['strays', 'warning', /2 processes.*11, 12/, { strays: [11, 12] }, {}],
  [
    'journal',
    'problem',
    /3 events.*disk full/,
    {},
    { events: { ...events, journal: { ...journal, state: 'failed' } } },
  ],
  [
    'journal',
    'problem',
    /Events are not written.*disk full/,
    {},
    { events: { ...events, journal: { ...journal, lost: 0, state: 'troubled' } } },
  ],
  [
    'journal',
    'warning',
    /3 events/,
    {},
    { events: { ...events, journal: { ...journal, state: 'on' } } },
  ],
  ['sources', 'warning', /dash.*refused/, {}, { events: { ...events, sources: [source] } }],
  ['disk', 'warning', /512 MB free/, { freeBytes: gigabyte / 2 }, {}],
  ['disk', 'problem', /0 MB free/, { freeBytes: 10 }, {}],
  ['logs', 'warning', /3,072 MB/, { logBytes: 3 * gigabyte }, {}],
  ['node', 'warning', /22\.1\.0/, { nodeVersion: '22.1.0' }, {}],
  [
    'socket',
    'problem',
    /mode 666, its folder 755/,
    { socketMode: 0o140666, socketFolderMode: 0o040755 },
    {},
  ],
  [
    'autostart',
    'warning',
    /two ways.*\/a\.desktop.*\/b\.service/i,
    { autostart: { desktop: '/a.desktop', service: '/b.service' } },
    {},
  ],
  ['event_loop', 'warning', /250\.0 ms/, { loopDelayMs: 250 }, {}],
])('%s: %s', (name, status, message, given, shown) => {
  const check = find(name, factsWith(given, shown));
  expect(check).toMatchObject({ status, message: expect.stringMatching(message) });
  expect(check.cure).toMatch(/\w{3}/);
});

test('a notice about the configuration is nothing to cure', () => {
  const problems = [{ ...configProblem, severity: 'notice' }] as const;
  const config = { path: 'c.toml', running: 'file', problems } as const;
  expect(find('config', factsWith({}, { config }))).toMatchObject({ status: 'ok' });
});

test('what cannot be known is left out, not guessed', () => {
  const names = examine(factsWith({ freeBytes: null, socketMode: null })).map(({ name }) => name);
  expect(names).not.toContain('disk');
  expect(names).not.toContain('socket');
});
