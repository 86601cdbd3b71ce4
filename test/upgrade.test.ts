/** A rolling upgrade while agents work: the whole program, its real processes, official clients. */
import { expect, test } from 'vitest';
import { startSupervisor } from './harness.ts';
import { connectClient, type McpClient } from './mcp-clients.ts';

/** Registers one workspace after another until told to stop; a second call would not be the same. */
async function work(client: McpClient, isOver: () => boolean): Promise<number> {
  let calls = 0;
  while (!isOver()) {
    await client.call('memory_workspace', {
      action: 'register',
      path: `/work/${client.name}/${calls}`,
    });
    calls += 1;
  }
  return calls;
}

test('an upgrade under load loses no call and no session, and every process is new', async () => {
  await using supervisor = await startSupervisor({
    settings: {
      dashboard: { enabled: false },
      'mcp.pool': { min_instances: 2, max_instances: 3, base_port: 0 },
    },
  });
  const kinds = ['v1', 'v2', 'v2 stateless', 'v1'] as const;
  const clients = await Promise.all(
    kinds.map((kind, index) => connectClient(supervisor.mcpUrl, `agent-${index}`, kind)),
  );
  const sessionIds = clients.map(({ sessionId }) => sessionId);
  const before = await supervisor.control<'ListMcpInstances'>({ type: 'ListMcpInstances' });
  let over = false;
  const working = clients.map((client) => work(client, () => over));

  expect(await supervisor.control<'UpgradeMcp'>({ type: 'UpgradeMcp' })).toEqual({
    upgrade: 'initiated',
    service: 'mcp',
  });
  const old = new Set(before.map(({ pid }) => pid));
  await supervisor.until('only new processes', ({ instances, services }) => {
    const mcp = services.find(({ name }) => name === 'mcp');
    const isNew = instances.length === 2 && instances.every(({ pid }) => !old.has(pid));
    return isNew && mcp?.state === 'ready';
  });
  over = true;
  // A call that failed would have ended its client's work with an error.
  const calls = await Promise.all(working);
  for (const each of calls) expect(each).toBeGreaterThan(0);
  expect(clients.map(({ sessionId }) => sessionId)).toEqual(sessionIds);
  for (const client of clients) await client.close();
});
