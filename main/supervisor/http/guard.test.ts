import { expect, test } from 'vitest';
import { checkLocalRequest, isAllowedOrigin, isLocalHost } from './guard.ts';

test('a Host that names this machine passes, with any port', () => {
  for (const host of ['127.0.0.1', '127.0.0.1:3457', 'localhost:80', 'LOCALHOST', '[::1]:3464']) {
    expect(isLocalHost(host), host).toBe(true);
  }
});

test('a Host that only looks like this machine is refused', () => {
  for (const host of [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'localhost:80@evil.example',
    '127.0.0.1:x',
    '127.0.0.2',
    '[::1',
    '0.0.0.0',
  ]) {
    expect(isLocalHost(host), String(host)).toBe(false);
  }
});

test('a page of another origin is refused, a local or configured one passes', () => {
  expect(isAllowedOrigin('http://localhost:5173')).toBe(true);
  expect(isAllowedOrigin('https://127.0.0.1')).toBe(true);
  expect(isAllowedOrigin('http://evil.example')).toBe(false);
  expect(isAllowedOrigin('http://localhost.evil.example')).toBe(false);
  expect(isAllowedOrigin('null')).toBe(false);
  expect(isAllowedOrigin('https://board.example', ['https://board.example'])).toBe(true);
});

test('the refusal names what was wrong and does not echo control characters', () => {
  expect(() => checkLocalRequest({ headers: { host: 'evil\r\n.example' } })).toThrow(
    /Host header "evil\?\?\.example"/,
  );
  expect(() =>
    checkLocalRequest({ headers: { host: 'localhost', origin: 'http://evil.example' } }),
  ).toThrow(/http:\/\/evil\.example/);
  expect(() => checkLocalRequest({ headers: { host: 'localhost' } })).not.toThrow();
});
