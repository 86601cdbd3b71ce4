import { expect, test } from 'vitest';
import type { Environment } from './options.ts';
import { readWebhookSettings } from './webhook-settings.ts';

const usable = {
  PM_WEBHOOK_ENABLED: '1',
  PM_WEBHOOK_URL: 'http://127.0.0.1:3457/admin/events/hook',
  PM_WEBHOOK_SECRET: 's3cret',
};

function read(environment: Environment) {
  const warnings: string[] = [];
  const settings = readWebhookSettings(environment, (line) => warnings.push(line));
  return { settings, warnings };
}

test('the webhook is off unless it is enabled', () => {
  expect(read({ ...usable, PM_WEBHOOK_ENABLED: '0' })).toEqual({ settings: null, warnings: [] });
  expect(read({})).toEqual({ settings: null, warnings: [] });
});

test('the defaults are those of the old server', () => {
  expect(read(usable).settings).toEqual({
    url: 'http://127.0.0.1:3457/admin/events/hook',
    secret: 's3cret',
    timeoutMs: 3000,
    maxPayloadBytes: 131_072,
    retryMaxAttempts: 3,
    retryBaseDelayMs: 500,
    retryMaxDelayMs: 10_000,
    retryJitterRatio: 0.2,
    queueMaxInflight: 500,
  });
});

test('signing without a secret switches the webhook off and says why', () => {
  const { settings, warnings } = read({ ...usable, PM_WEBHOOK_SECRET: '' });
  expect(settings).toBeNull();
  expect(warnings).toEqual([expect.stringContaining('PM_WEBHOOK_SECRET')]);
  expect(
    read({ ...usable, PM_WEBHOOK_SECRET: '', PM_WEBHOOK_SIGNING_ENABLED: '0' }).settings?.secret,
  ).toBeNull();
});

test('an address that is none switches the webhook off and says why', () => {
  const { settings, warnings } = read({ ...usable, PM_WEBHOOK_URL: 'localhost:3457' });
  expect(settings).toBeNull();
  expect(warnings).toEqual([expect.stringContaining('PM_WEBHOOK_URL')]);
});

test('a number that is none is named and replaced by the default', () => {
  const { settings, warnings } = read({ ...usable, PM_WEBHOOK_TIMEOUT_MS: 'soon' });
  expect(settings?.timeoutMs).toBe(3000);
  expect(warnings).toEqual([expect.stringContaining('PM_WEBHOOK_TIMEOUT_MS=soon')]);
});
