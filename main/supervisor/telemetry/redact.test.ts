import { expect, test } from 'vitest';
import { redactLine } from './redact.ts';

function redacted(fields: object): unknown {
  return JSON.parse(redactLine(JSON.stringify(fields)));
}

test('fields, headers and variables that hold secrets are replaced, at any depth', () => {
  const fields = {
    token: 's3cret',
    apiKey: 's3cret',
    api_key: { nested: 's3cret' },
    password: ['s3cret'],
    list: [{ deep: [{ deeper: { secret: 's3cret', name: 'search' } }] }],
    env: { PM_WEBHOOK_SECRET: 's3cret', GITHUB_TOKEN: 's3cret', PATH: '/bin' },
    headers: { Authorization: 's3cret', Cookie: 's3cret', 'X-PM-API-Key': 's3cret', host: 'h' },
  };
  expect(JSON.stringify(redacted(fields))).not.toContain('s3cret');
  expect(redacted(fields)).toMatchObject({
    token: '[redacted]',
    list: [{ deep: [{ deeper: { name: 'search' } }] }],
    env: { PATH: '/bin' },
    headers: { host: 'h' },
  });
});

test('a token in an address is replaced, the address stays readable', () => {
  const msg = 'opened http://127.0.0.1:3464/?token=s3cret&tab=logs';
  expect(redacted({ msg })).toEqual({
    msg: 'opened http://127.0.0.1:3464/?token=[redacted]&tab=logs',
  });
});

test('everything else is as it was: absent secrets, numbers, words that only sound alike', () => {
  const fields = { token: null, tokens: 3, secretary: 'Ann', count: 1, ok: true, list: ['a', 2] };
  expect(redactLine(`${JSON.stringify(fields)}\n`)).toBe(`${JSON.stringify(fields)}\n`);
});
