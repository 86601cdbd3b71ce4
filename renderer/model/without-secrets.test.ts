import { expect, test } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

test.each([
  'http://127.0.0.1:3464/?token=s3cr3t',
  'GET /events?types=a&api_key=s3cr3t&x=1 failed',
  'OPENAI_API_KEY=s3cr3t node server.js',
  'node server.js --api-key s3cr3t --port 1',
  'it printed: password: "s3cr3t"',
  'connect to postgres://ada:s3cr3t@db/notes',
  'Authorization: Bearer s3cr3t',
  'proxy-authorization: Basic s3cr3t',
  '{"client_secret":"s3cr3t"}',
  'set-cookie: s3cr3t; Path=/',
])('no secret is left of: %s', (text) => {
  const left = withoutSecrets(text);
  expect(left).not.toContain('s3cr3t');
  expect(left).toContain('[removed]');
});

test.each([
  'Port 45470 belongs to nginx (pid 812); control over TCP waits for it.',
  'End that program, or set [supervisor] control_tcp_port to another port.',
  'mcp: Running (2 of 2 instances ready), port 3457, 0 restarts',
  'The token file is readable by you only.',
])('what is no secret stays: %s', (text) => {
  expect(withoutSecrets(text)).toBe(text);
});
