import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { startFakeSupervisor, stepChanged } from './fake-supervisor.ts';
import {
  type DataFolder,
  insertSample,
  logEvent,
  makeDataFolder,
  openWriter,
} from './sample-data.ts';
import { type Dashboard, startDashboard, usualTiming } from './server.ts';
import { get, openPeer, openStream, upgradeStatus } from './test-client.ts';

const timing = { ...usualTiming, tailMs: 10, reconnectMs: [10], graceMs: 50 };

/** A dashboard that stops before its folder, made earlier, goes. */
async function start(
  folder: DataFolder,
  eventsUrl: string | null = null,
): Promise<Dashboard & AsyncDisposable> {
  const dashboard = await startDashboard({
    port: 0,
    dataRoot: folder.path,
    eventsUrl,
    eventsToken: null,
    pageFolder: join(folder.path, 'page'),
    timing,
    log: () => {},
  });
  return { ...dashboard, [Symbol.asyncDispose]: () => dashboard.close() };
}

let folder: DataFolder;
/** Serves the sample; for the tests that only read. */
let sample: Dashboard;

beforeAll(async () => {
  folder = await makeDataFolder();
  {
    using writer = openWriter(folder);
    insertSample(writer);
    logEvent(writer, 'evt_a', '2026-11-22T12:00:00.000Z');
    logEvent(writer, 'evt_b', '2026-11-22T12:00:01.000Z');
    logEvent(writer, 'evt_c', '2026-11-22T12:00:02.000Z');
  }
  await mkdir(join(folder.path, 'page', 'assets'), { recursive: true });
  await writeFile(join(folder.path, 'page', 'index.html'), '<!doctype html><title>Page</title>');
  await writeFile(join(folder.path, 'page', 'assets', 'index-1234.js'), 'export {}');
  const pageFolder = join(folder.path, 'page');
  const options = { port: 0, dataRoot: folder.path, eventsUrl: null, eventsToken: null };
  sample = await startDashboard({ ...options, pageFolder, timing, log: () => {} });
});

afterAll(async () => {
  await sample.close();
  await folder[Symbol.asyncDispose]();
});

async function json(path: string) {
  const { status, text } = await get(sample.port, path);
  return { status, body: JSON.parse(text) };
}

test('health says where the data is and where events come from', async () => {
  const { status, body } = await json('/api/health');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'ok',
    lastError: null,
    dbPath: join(folder.path, 'memory.db'),
    dataRoot: folder.path,
    events: { mode: 'local', connected: true },
  });
  expect(body.uptime).toBeGreaterThan(0);
  expect(body.memory.rss).toBeGreaterThan(0);
  expect(Date.parse(body.timestamp)).not.toBeNaN();
});

test('workspaces come with the number of their plans', async () => {
  const workspace = { id: 'pmws-1', name: 'alpha', plans_total: 1, plans_active: 1 };
  expect((await json('/api/workspaces')).body).toMatchObject({ workspaces: [workspace], total: 1 });
  expect((await json('/api/workspaces/pmws-1')).body).toMatchObject({
    ...workspace,
    plans: [{ id: 'plan_1', steps_total: 2, steps_done: 1, steps_blocked: 1 }],
  });
});

test('plans are found by workspace and status', async () => {
  expect((await json('/api/plans')).body.total).toBe(1);
  expect((await json('/api/plans?workspace_id=pmws-1&status=active')).body.total).toBe(1);
  expect((await json('/api/plans?workspace_id=other')).body).toEqual({ plans: [], total: 0 });
  expect((await json('/api/plans?status=archived')).body).toEqual({ plans: [], total: 0 });
});

test('a plan comes with its steps in order, the keys of its contexts and its agents', async () => {
  const { body } = await json('/api/plans/plan_1');
  expect(body).toMatchObject({ id: 'plan_1', title: 'First', status: 'active' });
  expect(body.steps.map((step: { status: string }) => step.status)).toEqual(['done', 'blocked']);
  expect(body.contexts).toEqual([{ key: 'research', updated_at: expect.any(String) }]);
  expect(body.agent_sessions).toMatchObject([{ agent_type: 'Executor', ended_at: null }]);
});

test.each(['/api/workspaces/none', '/api/plans/none', '/api/none', '/none'])(
  '%s is a 404 that explains itself in JSON',
  async (path) => {
    const { status, body } = await json(path);
    expect(status).toBe(404);
    expect(body).toEqual({ error: expect.any(String), code: 'not_found' });
  },
);

test.each([
  '/api/events?limit=0',
  '/api/events?limit=x',
  '/api/events?since=yesterday',
  '/api/plans?status=x',
  '/api/plans/%',
])('%s is a 400 that explains itself in JSON', async (path) => {
  const { status, body } = await json(path);
  expect(status).toBe(400);
  expect(body).toEqual({ error: expect.any(String), code: 'bad_request' });
});

test.each([
  ['', ['evt_c', 'evt_b', 'evt_a'], 3],
  ['?limit=1', ['evt_c'], 3],
  ['?since=1', ['evt_c', 'evt_b'], 2],
  ['?since=3', [], 0],
  ['?since=2026-11-22T12:00:01.000Z', ['evt_c'], 1],
  ['?since=2026-11-22T13:00:01%2B01:00', ['evt_c'], 1],
])('events%s are the newest that match, newest first', async (query, ids, total) => {
  const { body } = await json(`/api/events${query}`);
  expect(body.events.map((event: { id: string }) => event.id)).toEqual(ids);
  expect(body).toMatchObject({ total, latest_id: 3 });
  expect(body.latest_timestamp).toBe(total === 0 ? null : '2026-11-22T12:00:02.000Z');
});

test('events are told as they were stored', async () => {
  const { body } = await json('/api/events?limit=1');
  expect(body.events[0]).toEqual({
    id: 'evt_c',
    type: 'step_updated',
    timestamp: '2026-11-22T12:00:02.000Z',
    workspace_id: 'pmws-1',
    plan_id: 'plan_1',
    data: { step_index: 1 },
  });
});

test('the page is served with headers that let it talk to nobody else', async () => {
  const { status, headers } = await get(sample.port, '/');
  expect(status).toBe(200);
  expect(headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['cache-control']).toBe('no-cache');
  const asset = await get(sample.port, '/assets/index-1234.js');
  expect(asset.headers['cache-control']).toContain('immutable');
});

test('without a built page the dashboard runs and says how to get it', async () => {
  await using empty = await makeDataFolder();
  await using dashboard = await start(empty);
  const { port } = dashboard;
  const { status, text } = await get(port, '/');
  expect(status).toBe(404);
  expect(text).toContain('npm run build');
  expect((await get(port, '/api/health')).status).toBe(200);
});

test.each([
  [{ Host: 'evil.example' }, 'forbidden_host'],
  [{ Host: '127.0.0.1.evil.example:3459' }, 'forbidden_host'],
  [{ Origin: 'https://evil.example' }, 'forbidden_origin'],
  [{ Origin: 'http://localhost.evil.example' }, 'forbidden_origin'],
  [{ Origin: 'null' }, 'forbidden_origin'],
])('a request with %j is refused, on every route and on the WebSocket', async (headers, code) => {
  for (const path of ['/', '/api/health', '/api/events/stream']) {
    const { status, text } = await get(sample.port, path, headers);
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({ error: expect.any(String), code });
  }
  expect(await upgradeStatus(sample.port, '/ws', headers)).toBe(403);
});

test.each([
  [{ Host: 'localhost:9' }],
  [{ Host: '[::1]' }],
  [{ Origin: 'http://localhost:5173' }],
  [{ Origin: 'http://127.0.0.1:3457' }],
])('a request with %j is welcome', async (headers) => {
  const { status, headers: answered } = await get(sample.port, '/api/health', headers);
  expect(status).toBe(200);
  expect(answered).not.toHaveProperty('access-control-allow-origin');
  expect(await upgradeStatus(sample.port, '/ws', headers)).toBe(101);
});

test('there is a WebSocket at /ws only', async () => {
  expect(await upgradeStatus(sample.port, '/other', {})).toBe(404);
});

test('a change in the database reaches the stream, in the frames of the old dashboard, and the WebSocket', async () => {
  await using data = await makeDataFolder();
  using writer = openWriter(data);
  await using dashboard = await start(data);
  const { port } = dashboard;
  const stream = await openStream(port);
  const peer = await openPeer(port);
  logEvent(writer, 'evt_1', '2026-11-22T12:00:00.000Z');
  await vi.waitUntil(() => peer.messages.length === 1 && stream.text().includes('evt_1'), patience);
  const event =
    '{"id":"evt_1","type":"step_updated","timestamp":"2026-11-22T12:00:00.000Z",' +
    '"data":{"step_index":1},"workspace_id":"pmws-1","plan_id":"plan_1"}';
  expect(stream.headers['content-type']).toBe('text/event-stream');
  expect(stream.headers).not.toHaveProperty('access-control-allow-origin');
  const [connected, told, rest] = stream.text().split('\n\n');
  expect(connected).toBe('event: connected\ndata: {"connected":true}');
  expect(told?.startsWith('event: mcp_event\ndata: {')).toBe(true);
  expect(JSON.parse(told?.split('data: ')[1] ?? '')).toEqual(JSON.parse(event));
  expect(rest).toBe('');
  expect(peer.messages).toEqual([{ type: 'mcp_event', data: JSON.parse(event) }]);
});

test("a supervisor's events are told once, and its gaps as a hint to read again", async () => {
  await using data = await makeDataFolder();
  using writer = openWriter(data);
  await using supervisor = await startFakeSupervisor();
  await using dashboard = await start(data, supervisor.url);
  const { port } = dashboard;
  await vi.waitUntil(() => supervisor.streams.size === 1, patience);
  await vi.waitUntil(
    async () => (await get(port, '/api/health')).text.includes('"connected":true'),
    patience,
  );
  const stream = await openStream(port);
  const peer = await openPeer(port);
  // Only one feed is active: the database is not followed, too.
  logEvent(writer, 'evt_of_the_log', '2026-11-22T12:00:00.000Z');
  supervisor.emit(1, stepChanged('evt_1'));
  supervisor.emit(2, stepChanged('evt_1'));
  supervisor.gap({ from: 3, to: 4, reason: 'lagged' });
  supervisor.emit(5, stepChanged('evt_5'));
  await vi.waitUntil(() => peer.messages.length === 3 && stream.text().includes('evt_5'), patience);
  const gap = { from: 3, to: 4, reason: 'lagged' };
  expect(peer.messages[1]).toEqual({ type: 'resync', data: gap });
  expect(peer.messages.map((message) => message.type)).toEqual([
    'mcp_event',
    'resync',
    'mcp_event',
  ]);
  expect(stream.text()).toContain(`event: resync\ndata: ${JSON.stringify(gap)}\n\n`);
  expect(stream.text().match(/evt_1/g)).toHaveLength(1);
});

test('a supervisor that dies and comes back costs no client its connection', async () => {
  await using data = await makeDataFolder();
  const first = await startFakeSupervisor();
  await using dashboard = await start(data, first.url);
  const { port } = dashboard;
  await vi.waitUntil(() => first.streams.size === 1, patience);
  const peer = await openPeer(port);
  first.emit(1, stepChanged('evt_1'));
  await vi.waitUntil(() => peer.messages.length === 1, patience);
  await first.stop();
  await vi.waitUntil(
    async () => (await get(port, '/api/health')).text.includes('"connected":false'),
    patience,
  );
  await using second = await startFakeSupervisor(first.port);
  await vi.waitUntil(() => second.streams.size === 1, patience);
  second.emit(2, stepChanged('evt_2'));
  await vi.waitUntil(() => peer.messages.length === 2, patience);
});

test('a broken database is an explained error, not an end, and a repaired one is read again', async () => {
  await using data = await makeDataFolder();
  const file = join(data.path, 'memory.db');
  await writeFile(
    file,
    'this is no database, but it is longer than the header of one. '.repeat(20),
  );
  await using dashboard = await start(data);
  const { port } = dashboard;
  const { status, text } = await get(port, '/api/plans');
  expect(status).toBe(500);
  expect(JSON.parse(text).error).toContain(file);
  expect(JSON.parse((await get(port, '/api/health')).text).lastError).toEqual(expect.any(String));
  await rm(file);
  expect((await get(port, '/api/plans')).status).toBe(200);
});

test('HEAD on the event stream is answered at once', async () => {
  const { status, headers } = await get(sample.port, '/api/events/stream', {}, 'HEAD');
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('text/event-stream');
});

test('a client in the middle of its request does not keep the dashboard from stopping', async () => {
  await using data = await makeDataFolder();
  await using dashboard = await start(data);
  const socket = connect(dashboard.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /api/health HTTP/1.1\r\nHost: local');
  await once(socket, 'connect');
  // A second client that was answered shows that the first one's bytes were read.
  await get(dashboard.port, '/api/health');
  const startedAt = performance.now();
  await dashboard[Symbol.asyncDispose]();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('clients that leave in the middle of a frame do no harm', async () => {
  await using data = await makeDataFolder();
  await using supervisor = await startFakeSupervisor();
  await using dashboard = await start(data, supervisor.url);
  const { port } = dashboard;
  await vi.waitUntil(() => supervisor.streams.size === 1, patience);
  for (let round = 0; round < 20; round += 1) {
    const stream = await openStream(port);
    const peer = await openPeer(port);
    for (let id = 0; id < 20; id += 1)
      supervisor.emit(round * 20 + id, stepChanged(`evt_${round}_${id}`));
    stream.socket.resetAndDestroy();
    peer.socket.terminate();
  }
  const witness = await openPeer(port);
  supervisor.emit(1_000, stepChanged('evt_last'));
  await vi.waitUntil(() => JSON.stringify(witness.messages).includes('evt_last'), patience);
});
