import { expect, test } from 'vitest';
import { publicAddress, redactArguments, redactLine } from './redact.ts';

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

test('arguments of a command that hold secrets are replaced, the rest stays', () => {
  const args = [
    ['node', 'server.js', '--port', '3000', '--tokens', '7', 'token', 'x'],
    ['--token', 's3cret', '--api-key=s3cret', '-password', 's3cret', 'GITHUB_TOKEN=s3cret'],
    ['-H', 'Authorization: Bearer s3cret', '-H', 'X-Other: Bearer s3cret', 'X-API-Key: s3cret'],
    ['postgres://me:s3cret@host/db', 'http://127.0.0.1/?token=s3cret&a=1', '--token', '--verbose'],
  ];
  const redacted = args.map((each) => redactArguments(each));
  expect(JSON.stringify(redacted)).not.toContain('s3cret');
  expect(redacted).toEqual([
    args[0],
    [
      '--token',
      '[redacted]',
      '--api-key=[redacted]',
      '-password',
      '[redacted]',
      'GITHUB_TOKEN=[redacted]',
    ],
    [
      '-H',
      'Authorization: [redacted]',
      '-H',
      'X-Other: Bearer [redacted]',
      'X-API-Key: [redacted]',
    ],
    [
      'postgres://me:[redacted]@host/db',
      'http://127.0.0.1/?token=[redacted]&a=1',
      '--token',
      '--verbose',
    ],
  ]);
});

test('an address is shown without what may open it', () => {
  expect(publicAddress('http://me:secret@127.0.0.1:99/stream?key=secret#secret')).toBe(
    'http://127.0.0.1:99/stream?…',
  );
  expect(publicAddress('http://127.0.0.1:99/stream')).toBe('http://127.0.0.1:99/stream');
});
