/** Official clients and npm's everything server, through both modes. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, test, vi } from 'vitest';
import { survivorsOf } from '../../test/processes.ts';
import { temporaryFolder } from '../memory/test-process.ts';
import { type BridgeSetup, type RunningBridge, startBridge } from './bridge.test-helper.ts';

vi.setConfig({ testTimeout: 60_000 });

const { resolve } = createRequire(import.meta.url);
const everything: BridgeSetup = {
  command: [
    process.execPath,
    resolve('@modelcontextprotocol/server-everything/dist/index.js'),
    'stdio',
  ],
};
const memory = [process.execPath, join(import.meta.dirname, '../memory/index.ts')];

const modes = [
  ['per session', []],
  ['shared', ['--shared']],
] as const;

async function connectV1(bridge: RunningBridge) {
  const client = new ClientV1({ name: 'v1', version: '1' }, { capabilities: { sampling: {} } });
  const transport = new TransportV1(new URL('/mcp', bridge.url));
  // SDK v1's types do not know exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return { client, transport };
}

test.each(modes)(
  'SDK v1 and the everything server: tools, progress, sampling, resources (%s)',
  async (_mode, options) => {
    await using bridge = await startBridge({ ...everything, options });
    const { client, transport } = await connectV1(bridge);
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'test',
      role: 'assistant',
      content: { type: 'text', text: 'sampled here' },
    }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    const echo = await client.callTool({ name: 'echo', arguments: { message: 'hi' } });
    expect(JSON.stringify(echo)).toContain('hi');

    const seen: number[] = [];
    await client.callTool(
      { name: 'trigger-long-running-operation', arguments: { duration: 0.5, steps: 5 } },
      undefined,
      { onprogress: ({ progress }) => seen.push(progress) },
    );
    expect(seen).toEqual([1, 2, 3, 4, 5]);

    const sampled = await client.callTool({
      name: 'trigger-sampling-request',
      arguments: { prompt: 'p', maxTokens: 5 },
    });
    expect(JSON.stringify(sampled)).toContain('sampled here');
    const { resources } = await client.listResources();
    expect(await client.readResource({ uri: resources[0]?.uri ?? '' })).toHaveProperty('contents');
    await transport.terminateSession();
    await client.close();
  },
);

test.each(modes)(
  '20 sessions of the everything server, unique tokens at once: none crosses (%s)',
  async (mode, options) => {
    await using bridge = await startBridge({ ...everything, options });
    const count = mode === 'shared' ? 20 : 4;
    const clients = await Promise.all(Array.from({ length: count }, () => connectV1(bridge)));
    const calls = clients.flatMap(({ client }, index) =>
      Array.from({ length: 20 }, async (_, round) => {
        const message = `token ${index}/${round}`;
        const echo = await client.callTool({ name: 'echo', arguments: { message } });
        expect(echo['content']).toEqual([{ type: 'text', text: `Echo: ${message}` }]);
      }),
    );
    await Promise.all(calls);
    await Promise.all(clients.map(({ client }) => client.close()));
    expect(await bridge.stop()).toBe(0);
    expect(survivorsOf(bridge.marker)).toEqual([]);
  },
);

test.each([
  ['sessions', '2025-11-25', {}],
  ['the stateless era', '2026-07-28', { versionNegotiation: { mode: 'auto' } } as const],
])('SDK v2 and a server of both eras over one bridge: %s', async (_era, version, options) => {
  await using folder = await temporaryFolder();
  const environment = { PM_DATA_ROOT: folder.path };
  await using bridge = await startBridge({ command: memory, environment });
  const client = new Client({ name: 'v2', version: '1' }, options);
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', bridge.url)));
  expect(client.getNegotiatedProtocolVersion()).toBe(version);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('memory_plan');
  await client.close();
});

test.each(modes)(
  'SDK v2 that tries the stateless era first falls back to a session (%s)',
  async (_mode, options) => {
    await using bridge = await startBridge({ ...everything, options });
    const client = new Client(
      { name: 'v2', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', bridge.url)));
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    const echo = await client.callTool({ name: 'echo', arguments: { message: 'hi' } });
    expect(JSON.stringify(echo)).toContain('hi');
    await client.close();
  },
);
