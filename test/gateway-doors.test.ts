/** The gateway with tokens, routes and old clients, as its user runs it. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Place, type RunningSupervisor, startSupervisor } from './harness.ts';
import { until } from './until.ts';

const apiKey = 'the-api-key-of-this-test';
const token = 'the-token-of-one-client';
const headers = { Authorization: `Bearer ${token}` };

const doors = `
[[auth.clients]]
name = "laptop"
token = "${token}"

[[proxy.routes]]
path = "/board"
target = "dashboard"
websocket = true
strip_prefix = true
`;

let place: Place;
let supervisor: RunningSupervisor;

beforeAll(async () => {
  place = await Place.create({ settings: { auth: { gateway: true, api_key: apiKey } } });
  await place.writeConfig((await place.readConfig()) + doors);
  supervisor = await startSupervisor({ place });
});

afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

/** The official client of the oldest transport, with the token on every request. */
async function connectOld(name: string): Promise<Client> {
  const client = new Client({ name, version: '1.0.0' });
  const transport = new SSEClientTransport(new URL(`${supervisor.gatewayUrl}/sse`), {
    requestInit: { headers },
    eventSourceInit: {
      fetch: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...headers } }),
    },
  });
  // SDK v1's types do not know exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return client;
}

test('an old client has a session like any other, which ends with its stream', async () => {
  const client = await connectOld('old agent');
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain('memory_plan');
  const { sessions } = await supervisor.snapshot();
  expect(sessions).toMatchObject([{ transport: 'sse', clientName: 'old agent' }]);
  await client.close();
  await supervisor.until('the session to end', (snapshot) => snapshot.sessions.length === 0);
});

test('with tokens asked for, events go all the way: tool, webhook, dashboard, WebSocket of a page', async () => {
  await supervisor.until('the dashboard to subscribe', ({ events }) =>
    events.subscribers.some(({ userAgent }) => userAgent === 'project-memory-dashboard'),
  );
  const url = `${supervisor.gatewayUrl.replace('http', 'ws')}`;
  const pages = ['/board/ws', '/dashboard/ws'].map(
    (path) => new WebSocket(url + path, { headers, origin: 'http://localhost:5173' }),
  );
  const heard: string[][] = pages.map(() => []);
  for (const [index, page] of pages.entries()) {
    page.on('message', (data) => heard[index]?.push((data as Buffer).toString()));
  }
  await until(() => pages.every((page) => page.readyState === WebSocket.OPEN), {
    what: 'the WebSockets',
  });
  const client = await connectOld('planner');
  const path = place.folder;
  const registered = await client.callTool({
    name: 'memory_workspace',
    arguments: { action: 'register', path },
  });
  expect(registered.isError).not.toBe(true);
  await until(() => heard.every((each) => each.some((text) => text.includes('workspace'))), {
    what: 'the event in both pages',
  });
  await client.close();
  for (const page of pages) page.terminate();
});

test('without a token there is nothing but health, on HTTP and for WebSockets', async () => {
  const status = async (path: string) => (await fetch(supervisor.gatewayUrl + path)).status;
  expect(await status('/health')).toBe(200);
  for (const path of ['/mcp', '/sse', '/board/', '/dashboard/', '/supervisor/events', '/metrics']) {
    expect(await status(path), path).toBe(401);
  }
  const page = new WebSocket(`${supervisor.gatewayUrl.replace('http', 'ws')}/board/ws`);
  page.on('error', () => {});
  const refused = await new Promise((resolve) => {
    page.once('unexpected-response', (_request, response) => resolve(response.statusCode));
  });
  expect(refused).toBe(401);
  page.terminate();
});

test('the page of the dashboard is there, and what it needs', async () => {
  const response = await fetch(`${supervisor.gatewayUrl}/board/`, { headers });
  expect(response.status).toBe(200);
  const asset = /src="\.\/(assets\/[^"]+)"/.exec(await response.text())?.[1];
  expect(asset).toBeDefined();
  const script = await fetch(`${supervisor.gatewayUrl}/board/${asset}`, { headers });
  expect([script.status, script.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('javascript'),
  ]);
});

test('the token of a client is not in the log', () => {
  expect(supervisor.output()).not.toContain(token);
});
