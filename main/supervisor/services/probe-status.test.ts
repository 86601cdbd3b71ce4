/** A person can read how a service is asked, and with which numbers. */
import { expect, test } from 'vitest';
import { probeStatusOf } from './probe-status.ts';
import type { Launch, ServiceOptions } from './service.ts';

const launch = { command: 'node', args: [], env: {}, port: 8_801, url: null } as unknown as Launch;

function statusOf(asked: Pick<Launch, 'readiness' | 'liveness'>, periodMs = 2_000) {
  const liveness = { periodMs, timeoutMs: 500, threshold: 4 };
  const options = { liveness, startTimeoutMs: 30_000, probeTimeoutMs: 1_000 };
  return probeStatusOf({ ...launch, ...asked }, options as unknown as ServiceOptions);
}

test('the address that is asked is told, with how often, how long and how many misses', () => {
  const http = { kind: 'http', url: 'http://127.0.0.1:8801/health' } as const;
  expect(statusOf({ readiness: http })).toEqual({
    ready: 'GET http://127.0.0.1:8801/health',
    alive: 'GET http://127.0.0.1:8801/health',
    periodMs: 2_000,
    timeoutMs: 500,
    threshold: 4,
    startTimeoutMs: 30_000,
  });
});

test('a line makes ready and is not asked again; what is asked instead is told', () => {
  const readiness = { kind: 'log', pattern: /listening/u } as const;
  expect(statusOf({ readiness })).toMatchObject({
    ready: 'a line that matches /listening/u',
    alive: null,
  });
  expect(statusOf({ readiness, liveness: { kind: 'tcp', port: 8_801 } })).toMatchObject({
    alive: 'TCP 127.0.0.1:8801',
  });
});

test('with a period of 0 nothing is asked; without settings the usual numbers hold', () => {
  const readiness = { kind: 'tcp', port: 8_801 } as const;
  expect(statusOf({ readiness }, 0)).toMatchObject({ ready: 'TCP 127.0.0.1:8801', alive: null });
  const plain = { startTimeoutMs: 1, probeTimeoutMs: 1_000 } as unknown as ServiceOptions;
  expect(probeStatusOf({ ...launch, readiness }, plain)).toMatchObject({
    periodMs: 5_000,
    timeoutMs: 1_000,
    threshold: 3,
  });
});

test('before its first start nothing is known', () => {
  expect(probeStatusOf(null, {} as unknown as ServiceOptions)).toBeNull();
});
