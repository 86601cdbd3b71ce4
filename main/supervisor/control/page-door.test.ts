import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { maxLineBytes } from '../../../shared/control-protocol.ts';
import { createCommands } from './commands.ts';
import { FakeTarget, tokenCheck } from './control.test-helper.ts';
import { createDispatcher } from './dispatcher.ts';
import { PageDoor, pageSecurityPolicy } from './page-door.ts';

const token = 'the-right-token-of-this-test';

let folder: string;
let target: FakeTarget;
let door: PageDoor;
let port: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-page-'));
  const pageFolder = join(folder, 'page');
  await mkdir(join(pageFolder, 'assets'), { recursive: true });
  await writeFile(join(pageFolder, 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(pageFolder, 'assets', 'app.js'), 'export {};');
  await writeFile(join(pageFolder, '.hidden'), 'top secret');
  await writeFile(join(folder, 'secret.txt'), 'top secret');
  target = new FakeTarget();
  door = new PageDoor({
    dispatch: createDispatcher(createCommands(target)),
    token,
    tokens: tokenCheck(token),
    pageFolder,
    onSnapshot: () => () => {},
    onEvents: () => () => {},
    terminal: null,
  });
  await door.listen(0, '127.0.0.1');
  port = Number(new URL(door.url ?? '').port);
});

afterEach(async () => {
  await door.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: () => unknown;
}

interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** The path goes out as it is written, and so does every header. */
async function ask(path: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body: sent } = question;
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
  // A server that refuses a large body may stop reading before everything is sent.
  outgoing.on('error', () => {});
  outgoing.end(sent);
  const [response] = await once(outgoing, 'response');
  const body = await text(response);
  const json = () => JSON.parse(body) as unknown;
  return { status: response.statusCode, headers: response.headers, body, json };
}

async function logIn(): Promise<string> {
  const { headers } = await ask(`/?token=${token}`);
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

function control(headers: OutgoingHttpHeaders, body: string | Uint8Array = '{"type":"Status"}') {
  return ask('/control', { method: 'POST', headers, body });
}

const bearer = { authorization: `Bearer ${token}` };

describe('the page', () => {
  test('its files are served without a token, and may load nothing from elsewhere', async () => {
    for (const path of ['/', '/index.html', '/assets/app.js']) {
      const { status, headers } = await ask(path);
      expect(status, path).toBe(200);
      expect(headers['content-security-policy']).toBe(pageSecurityPolicy);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['x-powered-by']).toBeUndefined();
    }
    expect((await ask('/assets/app.js')).headers['content-type']).toMatch(/javascript/);
    expect(pageSecurityPolicy).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(pageSecurityPolicy).not.toMatch(/unsafe|https?:|\*/);
  });

  test('HEAD gets the head of the page and no body', async () => {
    const { status, headers, body } = await ask('/', { method: 'HEAD' });
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/text\/html/);
    expect(body).toBe('');
  });

  test('what does not exist is a 404 in JSON', async () => {
    for (const path of ['/nothing', '/assets/', '/assets', '/%zz', '/%00']) {
      const { status, headers, json } = await ask(path);
      expect(status, path).toBe(404);
      expect(headers['content-type']).toMatch(/application\/json/);
      expect(json()).toMatchObject({ ok: false, code: 'not_found' });
    }
    const head = await ask('/nothing', { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([404, '']);
    expect((await ask('/index.html', { method: 'DELETE' })).status).toBe(404);
  });

  test.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '//../secret.txt',
    '/.hidden',
    '/assets/..%00/../secret.txt',
  ])('%s leads to no file outside the page', async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain('top secret');
  });

  test('health needs no token and says nothing but that somebody is there', async () => {
    expect((await ask('/health')).json()).toEqual({ status: 'ok' });
  });
});

describe('logging in', () => {
  test('the right token becomes a cookie that scripts and other sites do not get, and leaves the address', async () => {
    const { status, headers } = await ask(`/?token=${token}`);
    expect(status).toBe(303);
    expect(headers.location).toBe('/');
    const cookies = headers['set-cookie'] ?? [];
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatch(new RegExp(`^pm_supervisor_${port}=[^;]+;`));
    expect(cookies[0]).toMatch(/; HttpOnly; SameSite=Strict;/);
    expect(cookies[0]).not.toContain(token);
  });

  test('a wrong token gets no cookie', async () => {
    for (const wrong of ['', 'wrong', `${token}x`, token.slice(0, -1), token.toUpperCase()]) {
      const { status, headers } = await ask(`/?token=${wrong}`);
      expect(status, wrong).toBe(401);
      expect(headers['set-cookie']).toBeUndefined();
    }
  });
});

describe('control', () => {
  test('needs the token: as bearer, in the old header, or by cookie', async () => {
    expect((await control({})).status).toBe(401);
    for (const headers of [
      bearer,
      { authorization: `bearer ${token}` },
      { 'x-pm-api-key': token },
      { cookie: await logIn() },
      { cookie: `other=1; ${await logIn()}; more=2` },
    ]) {
      const { status, json } = await control(headers);
      expect(status, JSON.stringify(headers)).toBe(200);
      expect(json()).toMatchObject({ ok: true, data: [{ name: 'dashboard' }, { name: 'mcp' }] });
    }
  });

  test('a wrong token or cookie is refused, and nothing is done', async () => {
    const cookie = await logIn();
    for (const headers of [
      { authorization: 'Bearer wrong' },
      { authorization: token },
      { 'x-pm-api-key': 'wrong' },
      { 'x-pm-api-key': '' },
      { cookie: `pm_supervisor_${port}=${token}` },
      { cookie: `x${cookie}` },
      { cookie: cookie.replace(String(port), '1') },
    ]) {
      const { status, json } = await control(headers, '{"type":"ShutdownSupervisor"}');
      expect(status, JSON.stringify(headers)).toBe(401);
      expect(json()).toMatchObject({ ok: false, code: 'unauthorized' });
    }
    for (const path of ['/control/watch', '/CONTROL/watch', '/control/']) {
      expect((await ask(path)).status, path).toBe(401);
    }
    expect(target.asked).toEqual([]);
  });

  test('a page of another origin is refused even with the cookie, this very page is not', async () => {
    const cookie = await logIn();
    for (const origin of [
      'http://evil.example',
      'null',
      `http://127.0.0.1:${port + 1}`,
      'http://127.0.0.1',
      `https://127.0.0.1:${port}`,
      `http://localhost:${port}`,
    ]) {
      const { status, json } = await control({ cookie, origin }, '{"type":"ShutdownSupervisor"}');
      expect(status, origin).toBe(403);
      expect(json()).toMatchObject({ code: 'forbidden_origin' });
    }
    expect(target.asked).toEqual([]);
    expect((await control({ cookie, origin: `http://127.0.0.1:${port}` })).status).toBe(200);
  });

  test('a Host that is not this machine is refused, also for the page itself', async () => {
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example']) {
      expect((await control({ ...bearer, host })).status, host).toBe(403);
      expect((await ask('/', { headers: { host } })).json()).toMatchObject({
        code: 'forbidden_host',
      });
    }
    expect((await control({ ...bearer, host: `localhost:${port}` })).status).toBe(200);
  });

  test('a preflight of a foreign page gets no permission', async () => {
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
    const { status, headers: answered } = await ask('/control', { method: 'OPTIONS', headers });
    expect(status).toBe(403);
    expect(answered['access-control-allow-origin']).toBeUndefined();
  });

  test('a body that is no JSON is a 400; a request that is refused is a reply like any other', async () => {
    for (const body of ['', '{"type":', Buffer.of(0x22, 0xff, 0x22)]) {
      const { status, json } = await control(bearer, body);
      expect(status).toBe(400);
      expect(json()).toMatchObject({ ok: false, code: 'bad_json' });
    }
    const { status, json } = await control(bearer, '{"type":"Fly","id":9}');
    expect(status).toBe(200);
    expect(json()).toMatchObject({ ok: false, code: 'unknown_type', id: 9 });
  });

  test('a body over the cap is a 413, whether its length is announced or not', async () => {
    const body = `{"type":"EmitTestEvent","message":"${'x'.repeat(8 * maxLineBytes)}"}`;
    for (const headers of [
      { 'content-length': Buffer.byteLength(body) },
      { 'transfer-encoding': 'chunked' },
    ]) {
      const { status, json } = await control({ ...bearer, ...headers }, body);
      expect(status, JSON.stringify(headers)).toBe(413);
      expect(json()).toMatchObject({ ok: false, code: 'too_large' });
    }
    expect(target.asked).toEqual([]);
  });
});

test('close ends open connections and frees the port', async () => {
  const idle = connect(port, '127.0.0.1');
  await once(idle, 'connect');
  const ended = once(idle, 'close');
  await door.close();
  idle.end();
  await ended;
  await expect(ask('/health')).rejects.toThrow();
});

test('who guesses tokens is told to stop, and the right token still works', async () => {
  const statusOf = async (bearer: string) => {
    const response = await fetch(`${door.url}control`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}` },
      body: '{"type":"Status"}',
    });
    return response.status;
  };
  const statuses: number[] = [];
  for (let guess = 0; guess < 12; guess += 1) statuses.push(await statusOf(`guess ${guess}`));
  expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
  expect(await statusOf(token)).toBe(200);
});
