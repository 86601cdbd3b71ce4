import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, test, vi } from 'vitest';
import { openDatabase } from '../database.ts';
import type { MemoryEvent } from './events.ts';
import { cleanExit, startServer, temporaryFolder } from './test-process.ts';

vi.setConfig({ testTimeout: 120_000 });

async function connectTo(url: URL): Promise<Client> {
  const client = new Client({ name: 'agent', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url)));
  return client;
}

async function call<Answer>(
  client: Client,
  name: string,
  args: Record<string, unknown>,
): Promise<Answer> {
  const result = await client.callTool({ name, arguments: args });
  if (result.isError === true) throw new Error(JSON.stringify(result.content));
  return result.structuredContent as Answer;
}

test('instances that start at the same moment on a new folder share one database, and no write is lost', async () => {
  await using folder = await temporaryFolder();
  const servers = await Promise.all([1, 2, 3].map(() => startServer(folder.path)));
  try {
    const clients = await Promise.all(servers.map((server) => connectTo(server.url)));
    // All register the same folder at once: one of them creates it.
    const registered = await Promise.all(
      clients.map((client) =>
        call<{ registered: boolean; workspace: { workspace_id: string } }>(
          client,
          'memory_workspace',
          { action: 'register', path: '/work/app' },
        ),
      ),
    );
    expect(registered.filter((each) => each.registered)).toHaveLength(1);
    const [first] = clients;
    if (first === undefined) throw new Error('no client');
    const { plan } = await call<{ plan: { plan_id: string } }>(first, 'memory_plan', {
      action: 'create',
      workspace_id: registered[0]?.workspace.workspace_id,
      title: 'T',
    });
    const { plan_id } = plan;

    const perClient = 30;
    await Promise.all(
      clients.map(async (client, number) => {
        for (let step = 0; step < perClient; step += 1) {
          await call(client, 'memory_steps', { action: 'add', plan_id, task: `${number}:${step}` });
        }
      }),
    );
    const { steps } = await call<{ steps: { step_index: number; task: string }[] }>(
      first,
      'memory_read',
      { action: 'steps', plan_id },
    );
    expect(steps.map((step) => step.step_index)).toEqual(
      Array.from({ length: clients.length * perClient }, (_, index) => index),
    );
    expect(new Set(steps.map((step) => step.task)).size).toBe(steps.length);
    await Promise.all(clients.map((client) => client.close()));
  } finally {
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([
      cleanExit,
      cleanExit,
      cleanExit,
    ]);
  }

  const database = openDatabase(folder.path);
  const rows = database.prepare('SELECT data FROM event_log ORDER BY id').all();
  database.close();
  const events = rows.map((row) => JSON.parse(String(row['data'])) as MemoryEvent);
  expect(events.map((event) => event.type)).toEqual([
    'workspace_registered',
    'plan_created',
    ...Array.from({ length: 90 }, () => 'plan_updated'),
  ]);
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
});

test('what one instance wrote survives when it is killed, and another one sees it', async () => {
  await using folder = await temporaryFolder();
  await using killed = await startServer(folder.path);
  const client = await connectTo(killed.url);
  await call(client, 'memory_workspace', { action: 'register', path: '/work/app' });
  killed.child.kill('SIGKILL');
  await killed.stop();

  await using other = await startServer(folder.path);
  const second = await connectTo(other.url);
  expect(await call(second, 'memory_read', { action: 'workspaces' })).toMatchObject({
    workspaces: [{ path: '/work/app' }],
  });
  await second.close();
});
