import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, test, vi } from 'vitest';
import { entry, environmentFor, temporaryFolder } from './test-process.ts';

vi.setConfig({ testTimeout: 60_000 });

const register = {
  name: 'memory_workspace',
  arguments: { action: 'register', path: '/work/app' },
};

const serverIn = (path: string) => ({
  command: process.execPath,
  args: [entry],
  env: environmentFor(path),
  stderr: 'ignore' as const,
});

test.each([
  ['the stateless era', '2026-07-28', { mode: 'auto' } as const],
  ['the session era', '2025-11-25', undefined],
])('a client of SDK v2 is served over stdio in %s', async (_era, version, versionNegotiation) => {
  await using folder = await temporaryFolder();
  const client = new Client(
    { name: 'agent', version: '1' },
    versionNegotiation === undefined ? {} : { versionNegotiation },
  );
  await client.connect(new StdioClientTransport(serverIn(folder.path)));
  expect(client.getNegotiatedProtocolVersion()).toBe(version);
  const { structuredContent } = await client.callTool(register);
  expect(structuredContent).toMatchObject({ registered: true });
  await client.close();
});

test('a client of SDK v1 is served over stdio', async () => {
  await using folder = await temporaryFolder();
  const client = new ClientV1({ name: 'editor', version: '1' });
  await client.connect(new TransportV1(serverIn(folder.path)));
  const { structuredContent } = await client.callTool(register);
  expect(structuredContent).toMatchObject({ registered: true });
  await client.close();
});

test('stdout carries nothing but the protocol, and closing stdin ends the server with 0', async () => {
  await using folder = await temporaryFolder();
  const { command, args, env } = serverIn(folder.path);
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const output = text(child.stdout);
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  };
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  await once(child.stdout, 'readable');
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
  const lines = (await output).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).id)).toEqual([1]);
});

test('without any input it ends with 0 at once', async () => {
  await using folder = await temporaryFolder();
  const { command, args, env } = serverIn(folder.path);
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'ignore'] });
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a wrong argument is said on stderr with exit code 2', async () => {
  await using folder = await temporaryFolder();
  const { command, env } = serverIn(folder.path);
  const child = spawn(command, [entry, '--transport', 'sse'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(await exited).toEqual([2, null]);
  expect(out).toBe('');
  expect(err).toBe('Transport "sse" is not supported; use stdio or streamable-http.\n');
});
