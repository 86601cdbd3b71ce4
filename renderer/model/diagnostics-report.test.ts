import { expect, test } from 'vitest';
import type { DoctorCheck } from '../../shared/control-replies.ts';
import { serviceFixture } from '../fixtures/services.ts';
import { snapshotFixture } from '../fixtures/snapshot.ts';
import { checksSentence, diagnosticsReport, worstFirst } from './diagnostics-report.ts';

function check(name: string, status: DoctorCheck['status'], cure: string | null = null) {
  return { name, title: `The ${name}`, status, message: `says ${status}`, cure };
}

const checks = [
  check('ports', 'ok'),
  check('autostart', 'warning', 'Turn it on.'),
  check('strays', 'ok'),
  check('config', 'problem', 'Correct line 14.'),
];

test('what is wrong comes first', () => {
  expect(worstFirst(checks).map(({ name }) => name)).toEqual([
    'config',
    'autostart',
    'ports',
    'strays',
  ]);
  expect(checksSentence(checks)).toBe('1 problem, 1 warning, 2 fine');
  expect(checksSentence([check('a', 'ok')])).toBe('1 fine');
});

test('the report names versions, checks with their cure, services and doors', () => {
  const doors = [
    {
      name: 'tcp' as const,
      address: '127.0.0.1:45470',
      state: 'waiting' as const,
      error: 'port 45470 belongs to nginx',
      nextRetryAt: null,
    },
  ];
  const report = diagnosticsReport(snapshotFixture({ doors }), checks, new Date(0));
  expect(report).toContain('Project Memory Supervisor 1.0.0, process 40001');
  expect(report).toContain('  [problem] The config: says problem\n    Correct line 14.\n');
  expect(report).toContain('  notes: Failed (');
  expect(report).toContain('  tcp: waiting 127.0.0.1:45470 (port 45470 belongs to nginx)');
});

test('the report holds no secret, whoever said it: a service, a check or a door', () => {
  const services = [
    serviceFixture({ name: 'search', reason: 'exit 1: bad key, API_KEY=s3cr3t', state: 'failed' }),
  ];
  const doors = [
    {
      name: 'page' as const,
      address: 'http://127.0.0.1:3464/?token=s3cr3t',
      state: 'open' as const,
      error: 'Authorization: Bearer s3cr3t was refused',
      nextRetryAt: null,
    },
  ];
  const said = { ...check('proxy', 'problem'), message: 'https://ada:s3cr3t@proxy answers 407' };
  const report = diagnosticsReport(snapshotFixture({ services, doors }), [said], new Date(0));
  expect(report).not.toContain('s3cr3t');
  expect(report).toContain('API_KEY=[removed]');
  expect(report).toContain('https://ada:[removed]@proxy');
});
