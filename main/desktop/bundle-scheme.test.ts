import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  answerFromBundle,
  bundleFile,
  isBundleUrl,
  registerBundleScheme,
} from './bundle-scheme.ts';

let outside = '';
let bundle = '';

beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'pm-bundle-'));
  bundle = join(outside, 'renderer');
  await mkdir(join(bundle, 'assets'), { recursive: true });
  await mkdir(join(outside, 'renderer-secrets'));
  await writeFile(join(bundle, 'index.html'), '<!doctype html>');
  await writeFile(join(bundle, 'assets/main.js'), 'export {};');
  await writeFile(join(outside, 'secret.txt'), 'secret');
  await writeFile(join(outside, 'renderer-secrets/secret.txt'), 'secret');
});
afterAll(() => rm(outside, { recursive: true }));

function get(url: string, method = 'GET') {
  return answerFromBundle(bundle, { url, method });
}

test('the page and its parts are served with their types', async () => {
  const page = await get('app://bundle/');
  expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
    200,
    'text/html; charset=utf-8',
    '<!doctype html>',
  ]);
  const script = await get('app://bundle/assets/main.js?v=1#top');
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

test.each([
  ['app://bundle/', 'GET', 200],
  ['app://bundle/nothing', 'GET', 404],
  ['app://other/', 'GET', 404],
  ['app://bundle/', 'POST', 405],
])(
  'S7 %s with %s is answered %i under the content security policy',
  async (url, method, status) => {
    const response = await get(url, method);
    expect(response.status).toBe(status);
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
  },
);

test('a HEAD has the head and no body', async () => {
  const response = await get('app://bundle/', 'HEAD');
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test.each([
  'app://bundle/../secret.txt',
  'app://bundle/%2e%2e/secret.txt',
  'app://bundle/..%2fsecret.txt',
  'app://bundle/assets/..%2f..%2fsecret.txt',
  'app://bundle/..%5csecret.txt',
  'app://bundle/..%2frenderer-secrets/secret.txt',
  'app://bundle//etc/passwd',
  'app://bundle/%2fetc%2fpasswd',
  'app://bundle/C:%5csecret.txt',
  'app://bundle/index.html%00.txt',
  'app://bundle/%zz',
  'app://bundle.evil/index.html',
  'app://user@evil/index.html',
  'file:///etc/passwd',
  'https://bundle/index.html',
  'not an address',
])('S18 %s leads nowhere', async (url) => {
  const response = await get(url);
  expect([response.status, await response.text()]).toEqual([404, 'Not found']);
});

test('S18 every file that is named lies inside the bundle', () => {
  expect(bundleFile(bundle, 'app://bundle/a/b.js')).toBe(join(bundle, 'a/b.js'));
  expect(bundleFile(bundle, 'app://bundle/assets/')).toBe(join(bundle, 'assets/index.html'));
  expect(bundleFile(bundle, 'app://bundle/..%2f')).toBeNull();
});

test('only our scheme with our host is our page', () => {
  expect(isBundleUrl('app://bundle/index.html')).toBe(true);
  expect(isBundleUrl('app://bundle:80/')).toBe(false);
  expect(isBundleUrl('app:bundle')).toBe(false);
  expect(isBundleUrl('')).toBe(false);
});

test('S18 the scheme is standard and secure, and has no privilege to go round the policy', () => {
  let schemes: readonly Electron.CustomScheme[] = [];
  registerBundleScheme({
    registerSchemesAsPrivileged: (given) => {
      schemes = given;
    },
  });
  expect(schemes).toEqual([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
});
