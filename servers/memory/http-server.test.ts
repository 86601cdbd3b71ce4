import { request as httpRequest } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startReceiver, startServer, temporaryFolder } from './test-process.ts';
import { signatureOf } from './webhook.ts';

vi.setConfig({ testTimeout: 60_000 });

const jsonRpc = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
};

async function serve(environment: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder();
  const server = await startServer(folder.path, environment);
  const at = (path: string) => new URL(path, server.url);
  return {
    server,
    at,
    json: async (path: string) => (await fetch(at(path))).json(),
    post: (body: unknown, headers: Record<string, string> = {}) =>
      fetch(at('/mcp'), {
        method: 'POST',
        headers: { ...jsonRpc, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** For the tests that say nothing about all its sessions. */
let running: Awaited<ReturnType<typeof serve>> | null = null;
const startMs = 30_000;
beforeAll(async () => {
  running = await serve();
}, startMs);
afterAll(async () => await running?.[Symbol.asyncDispose](), startMs);

function common() {
  if (running === null) throw new Error('Only tests have it.');
  return running;
}

const register = {
  name: 'memory_workspace',
  arguments: { action: 'register', path: '/work/app' },
};

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  },
};

test('a client of SDK v1 gets a session that the admin list shows with real numbers', async () => {
  await using here = await serve();
  const client = new ClientV1({ name: 'editor', version: '1' });
  const transport = new TransportV1(here.at('/mcp'));
  // SDK v1's types do not know exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  const registered = await client.callTool(register);
  const { workspace } = registered.structuredContent as { workspace: { workspace_id: string } };
  const { workspace_id } = workspace;
  const created = await client.callTool({
    name: 'memory_plan',
    arguments: { action: 'create', workspace_id, title: 'T' },
  });
  const { plan } = created.structuredContent as { plan: { plan_id: string } };
  await client.callTool({
    name: 'memory_agent',
    arguments: { action: 'start_session', plan_id: plan.plan_id, agent_type: 'executor' },
  });

  expect(await here.json('/admin/connections')).toEqual([
    {
      sessionId: transport.sessionId,
      type: 'streamable-http',
      connectedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      lastActivity: expect.stringMatching(/^\d{4}-.*Z$/),
      callCount: 3,
      agentType: 'executor',
      workspaceId: workspace_id,
      planId: plan.plan_id,
      clientType: 'editor',
    },
  ]);
  expect(await here.json('/health')).toMatchObject({
    status: 'ok',
    server: 'project-memory-mcp',
    transport: 'streamable-http',
    activeSessions: 1,
    sessionsByType: { 'streamable-http': 1 },
    liveAgentSessions: 1,
    registeredWorkspaces: 1,
    process: { pid: here.server.child.pid },
  });
  await transport.terminateSession();
  expect(await here.json('/admin/connections')).toEqual([]);
  await client.close();
});

test.each([
  ['the stateless era', '2026-07-28', { mode: 'auto' } as const, 0],
  ['the session era', '2025-11-25', undefined, 1],
])('a client of SDK v2 is served in %s', async (_era, version, versionNegotiation, sessions) => {
  await using here = await serve();
  const client = new Client(
    { name: 'agent', version: '1' },
    versionNegotiation === undefined ? {} : { versionNegotiation },
  );
  await client.connect(new StreamableHTTPClientTransport(here.at('/mcp')));
  expect(client.getNegotiatedProtocolVersion()).toBe(version);
  expect((await client.listTools()).tools).toHaveLength(6);
  const { structuredContent } = await client.callTool(register);
  expect(structuredContent).toMatchObject({ registered: true });
  expect(await here.json('/admin/connections')).toHaveLength(sessions);
  await client.close();
});

test('an unknown session is answered with 404 and -32001, so that clients start anew', async () => {
  const here = common();
  const response = await here.post(
    { jsonrpc: '2.0', id: 7, method: 'tools/list' },
    { 'Mcp-Session-Id': 'gone' },
  );
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { code: -32001 } });
  for (const method of ['GET', 'DELETE']) {
    const other = await fetch(here.at('/mcp'), {
      method,
      headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': 'gone' },
    });
    expect(other.status).toBe(404);
  }
});

test('initialize with a stale session id opens a new session', async () => {
  const here = common();
  const response = await here.post(initialize, { 'Mcp-Session-Id': 'stale' });
  expect(response.status).toBe(200);
  expect(response.headers.get('mcp-session-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('requests without a session are told what is missing', async () => {
  const here = common();
  const before = await here.json('/admin/connections');
  const post = await here.post({ jsonrpc: '2.0', id: 7, method: 'tools/list' });
  expect(post.status).toBe(400);
  const get = await fetch(here.at('/mcp'), { headers: { Accept: 'text/event-stream' } });
  expect(get.status).toBe(405);
  expect(get.headers.get('allow')).toBe('POST, DELETE');
  expect((await here.post('{')).status).toBe(400);
  expect((await here.post(initialize, { 'Content-Type': 'text/plain' })).status).toBe(415);
  expect((await here.post(initialize, { Accept: 'text/html' })).status).toBe(406);
  expect(await here.json('/admin/connections')).toEqual(before);
});

test('a body that is too large is refused in words, even to a client that is still sending', async () => {
  const here = common();
  const large = `"${'x'.repeat(5 * 1024 * 1024)}"`;
  const response = await here.post(large);
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({
    error: { message: 'The body must not exceed 4194304 bytes' },
  });
  const chunked = await fetch(here.at('/mcp'), {
    method: 'POST',
    headers: jsonRpc,
    body: new Blob([large]).stream(),
    duplex: 'half',
  });
  expect(chunked.status).toBe(413);
});

test('an open stream has its head at once, and ends when an admin closes its session', async () => {
  const here = common();
  const opened = await here.post(initialize);
  const sessionId = opened.headers.get('mcp-session-id') ?? '';
  const listen = () =>
    fetch(here.at('/mcp'), {
      headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': sessionId },
    });
  const stream = await listen();
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  expect((await listen()).status).toBe(409);

  const remove = () => fetch(here.at(`/admin/connections/${sessionId}`), { method: 'DELETE' });
  expect(await (await remove()).json()).toEqual({ closed: true, sessionId });
  expect(await stream.text()).toBe('');
  const again = await remove();
  expect(again.status).toBe(404);
  expect(await again.json()).toEqual({ error: `Session not found: ${sessionId}` });
});

test('a client that vanished may open its stream again', async () => {
  const here = common();
  const opened = await here.post(initialize);
  const sessionId = opened.headers.get('mcp-session-id') ?? '';
  const listen = (signal?: AbortSignal) =>
    fetch(here.at('/mcp'), {
      headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': sessionId },
      ...(signal && { signal }),
    });
  const gone = new AbortController();
  await listen(gone.signal);
  gone.abort();
  await vi.waitFor(async () => {
    const stream = await listen();
    await stream.body?.cancel();
    expect(stream.status).toBe(200);
  });
});

test('requests for another host or from a foreign page are refused', async () => {
  const here = common();
  // fetch would not send a Host of ours.
  const statusWith = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(here.at('/health'), { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject).end();
    });
  expect(await statusWith({ Host: 'evil.example' })).toBe(403);
  expect(await statusWith({ Host: '127.0.0.1.evil.example' })).toBe(403);
  expect(await statusWith({ Origin: 'http://evil.example' })).toBe(403);
  expect(await statusWith({ Origin: 'null' })).toBe(403);
  expect(await statusWith({ Host: 'localhost:1' })).toBe(200);
  expect(await statusWith({ Host: '[::1]:1', Origin: 'http://localhost:3459' })).toBe(200);
  expect((await here.post(initialize, { Origin: 'http://evil.example' })).status).toBe(403);
});

test.skipIf(process.platform === 'win32')(
  'SIGTERM ends open streams, delivers what is queued and exits 0',
  async () => {
    await using receiver = await startReceiver();
    await using here = await serve({
      PM_WEBHOOK_ENABLED: '1',
      PM_WEBHOOK_URL: receiver.url,
      PM_WEBHOOK_SECRET: 's3cret',
    });
    const opened = await here.post(initialize);
    const sessionId = opened.headers.get('mcp-session-id') ?? '';
    const session = { 'Mcp-Session-Id': sessionId };
    const stream = await fetch(here.at('/mcp'), {
      headers: { Accept: 'text/event-stream', ...session },
    });
    for (let number = 0; number < 20; number += 1) {
      const args = { action: 'register', path: `/work/${number}` };
      const params = { name: 'memory_workspace', arguments: args };
      await here.post({ jsonrpc: '2.0', id: number, method: 'tools/call', params }, session);
    }
    expect(await here.server.stop()).toBe(0);
    expect(await stream.text()).toBe('');

    expect(receiver.received.map((each) => JSON.parse(each.body).event.data.path)).toEqual(
      Array.from({ length: 20 }, (_, number) => `/work/${number}`),
    );
    for (const { path, headers, body } of receiver.received) {
      expect(path).toBe('/admin/events/hook');
      expect(headers['x-pm-webhook-event']).toBe('workspace_registered');
      expect(headers['x-pm-webhook-signature']).toBe(
        signatureOf('s3cret', String(headers['x-pm-webhook-timestamp']), body),
      );
    }
  },
);

test.skipIf(process.platform === 'win32')(
  'a receiver that hangs neither slows calls down nor holds the exit up',
  async () => {
    await using receiver = await startReceiver(() => new Promise<number>(() => undefined));
    await using here = await serve({
      PM_WEBHOOK_ENABLED: '1',
      PM_WEBHOOK_URL: receiver.url,
      PM_WEBHOOK_SECRET: 's3cret',
      // Whoever waited for it would wait longer than this test may take.
      PM_WEBHOOK_TIMEOUT_MS: '600000',
    });
    const client = new Client({ name: 'agent', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(here.at('/mcp')));
    for (let number = 0; number < 10; number += 1) {
      const args = { action: 'register', path: `/work/${number}` };
      await client.callTool({ name: 'memory_workspace', arguments: args });
    }
    await client.close();
    expect(await here.server.stop()).toBe(0);
    expect(here.server.lines.join('\n')).toContain('10 deliveries were given up');
  },
);

test('a port that is taken is said in one line, with exit code 1', async () => {
  const here = common();
  await using folder = await temporaryFolder();
  await expect(startServer(folder.path, {}, Number(here.server.url.port))).rejects.toThrow(
    /^exit 1: listen EADDRINUSE: address already in use 127\.0\.0\.1:\d+$/,
  );
});
