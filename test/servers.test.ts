/** MCP servers of the user's, in `[[servers]]`: the whole program, its real processes, official clients. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusSnapshot } from '../shared/status.ts';
import { type RunningSupervisor, startSupervisor } from './harness.ts';
import { connectClient } from './mcp-clients.ts';

const tools = join(import.meta.dirname, 'stand-in-tools-mcp.ts');
const node = process.execPath;

/** Two servers of one program: one over HTTP that runs from the start, one over stdio that rests. */
const servers = [
  { name: 'Search', transport: 'http', command: node, args: [tools, '{port}', 'search'] },
  { name: 'notes', transport: 'stdio', command: node, args: [tools, 'stdio', 'notes'] },
] as const;

const isUp = ({ services }: StatusSnapshot) =>
  services.every(({ onDemand, state }) => state === (onDemand ? 'stopped' : 'ready'));

let supervisor: RunningSupervisor;

beforeAll(async () => {
  const settings = { dashboard: { enabled: false } };
  supervisor = await startSupervisor({ settings, servers, isReady: isUp });
});

afterAll(() => supervisor?.[Symbol.asyncDispose]());

test('each server has its own pool, path and sessions; one that rests wakes, and all verbs know them by name', async () => {
  const { gatewayUrl } = supervisor;
  const { services } = await supervisor.snapshot();
  expect(services.find(({ name }) => name === 'notes')).toMatchObject({
    kind: 'mcp_pool',
    onDemand: true,
    reason: 'starts with the next request',
  });
  await using main = await connectClient(supervisor.mcpUrl, 'main');
  await using search = await connectClient(`${gatewayUrl}/servers/search/mcp`, 'search');
  await using notes = await connectClient(`${gatewayUrl}/servers/notes/mcp`, 'notes', 'v2');
  expect(await main.call('memory_workspace', { action: 'list' })).toBeDefined();
  expect(await search.call('whoami', {})).toMatchObject({ name: 'search' });
  expect(await notes.call('whoami', {})).toMatchObject({ name: 'notes' });

  const instances = await supervisor.control<'ListMcpInstances'>({ type: 'ListMcpInstances' });
  expect(instances.map(({ name, server, state }) => `${server} ${name} ${state}`)).toEqual([
    'mcp mcp:1 ready',
    'Search Search:1 ready',
    'notes notes:1 ready',
  ]);
  const sessions = await supervisor.control<'ListMcpConnections'>({ type: 'ListMcpConnections' });
  expect(new Map(sessions.map((each) => [each.client_type, each.server]))).toEqual(
    new Map([
      ['main', 'mcp'],
      ['search', 'Search'],
      ['notes', 'notes'],
    ]),
  );
  const { custom_services } = (await supervisor.place.ports()) as unknown as {
    custom_services: Record<string, number>;
  };
  expect(custom_services).toEqual({ Search: instances[1]?.port, notes: instances[2]?.port });

  const history = await supervisor.control<'StateEvents'>({
    type: 'StateEvents',
    service: 'search',
  });
  expect(history.at(-1)).toMatchObject({ service: 'Search', new_state: 'ready' });
  const closing = { type: 'CloseMcpConnection', session_id: search.sessionId ?? '' } as const;
  await supervisor.control<'CloseMcpConnection'>(closing);
  await expect(search.call('whoami', {})).rejects.toThrow(/Session not found/);
});

test('a rolling upgrade of one server leaves the others alone, and its session lives on', async () => {
  await using client = await connectClient(`${supervisor.gatewayUrl}/servers/search/mcp`, 'agent');
  const before = await client.call('whoami', {});
  const list = () => supervisor.control<'ListMcpInstances'>({ type: 'ListMcpInstances' });
  const mainBefore = (await list()).filter(({ server }) => server === 'mcp');
  const upgrade = { type: 'UpgradeMcp', service: 'search' } as const;
  expect(await supervisor.control<'UpgradeMcp'>(upgrade)).toEqual({
    upgrade: 'initiated',
    service: 'search',
  });
  await supervisor.until('the new instance', ({ instances }) => {
    const own = instances.filter(({ server }) => server === 'Search');
    return own.length === 1 && own[0]?.pid !== before['pid'] && own[0]?.state === 'ready';
  });
  expect((await client.call('whoami', {}))['pid']).not.toBe(before['pid']);
  expect((await list()).filter(({ server }) => server === 'mcp')).toEqual(mainBefore);
  const unknown = supervisor.control<'UpgradeMcp'>({ type: 'UpgradeMcp', service: 'serch' });
  await expect(unknown).rejects.toThrow(
    'There is no MCP server "serch". Known: mcp, Search, notes.',
  );
});

test('when the program ends, nothing of its servers is left', async () => {
  await using client = await connectClient(`${supervisor.gatewayUrl}/servers/notes/mcp`, 'agent');
  expect(await client.call('whoami', {})).toMatchObject({ name: 'notes' });
  expect(await supervisor.stop()).toBe(0);
  expect(supervisor.place.survivors()).toEqual([]);
});
