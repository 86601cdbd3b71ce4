/**
 * The old VS Code client and the old MCP server talk to the program of today. Each old verb is asked as they asked
 * it, and its reply is compared with the documented shape; what was said is in `transcripts/old-verbs.ndjson`,
 * written anew with `PM_RECORD=1`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestSchemas } from '../shared/control-protocol.ts';
import { type RunningSupervisor, startSupervisor } from './harness.ts';
import { openMcpSession } from './mcp-session.ts';
import { OldClient, type OldReply } from './old-client.ts';
import { patience } from './patience.ts';
import { misfits, type OldVerb, oldShapes } from './transcripts/shapes.ts';

const transcriptFile = join(import.meta.dirname, 'transcripts', 'old-verbs.ndjson');

/** Answers each line; asks once for a refinement. */
const formApp = `
  let count = 0;
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const status = count++ === 0 ? 'refinement_requested' : 'submitted';
    console.log(JSON.stringify({ status, got: JSON.parse(line) }));
  });
`;

let supervisor: RunningSupervisor;
const transcript: { readonly request: object; readonly reply: OldReply }[] = [];

beforeAll(async () => {
  supervisor = await startSupervisor({
    settings: {
      'mcp.pool': { base_port: 0, min_instances: 1, max_instances: 2 },
      brainstorm_gui: { command: process.execPath, args: ['-e', formApp] },
    },
  });
});

afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
  if (process.env['PM_RECORD'] === undefined) return;
  const lines = transcript.map((each) => JSON.stringify(each));
  await writeFile(transcriptFile, `${lines.join('\n')}\n`);
});

const oldClient = () => OldClient.detect([supervisor.ports.control_socket]);

/** Asks as the old clients did, and holds the reply against the old documentation. */
async function ask<Verb extends OldVerb>(
  type: Verb,
  fields: object = {},
): Promise<OldReply['data']> {
  using client = await oldClient();
  const request = { type, ...fields };
  const reply = await client.request(request);
  transcript.push({ request, reply });
  expect(reply, JSON.stringify(reply)).toMatchObject({ ok: true });
  expect(reply).not.toHaveProperty('error');
  expect(misfits(reply.data, oldShapes[type])).toEqual([]);
  return reply.data;
}

test('the pipe or socket is found first, TCP when there is none, and nothing hangs', async () => {
  const { control_socket, services } = supervisor.ports;
  const tcp = services['control_tcp'] ?? 0;
  for (const addresses of [
    [control_socket, tcp],
    [`${control_socket}-none`, tcp],
  ]) {
    using client = await OldClient.detect(addresses);
    expect(
      await client.request({ type: 'WhoAmI', client: 'x', client_version: '1' }),
    ).toMatchObject({ ok: true });
  }
});

test('W18 a bad request is answered at once, so no late reply is taken for the next one', async () => {
  using client = await oldClient();
  for (const bad of [{ type: 'NoSuchVerb' }, { type: 'Start' }, {}]) {
    expect(await client.request(bad)).toMatchObject({
      ok: false,
      error: expect.any(String),
      data: null,
    });
    expect(await client.request({ type: 'EventStats' })).toMatchObject({ ok: true });
  }
});

test('W19 every old verb answers in its documented shape', async () => {
  await ask('WhoAmI', { request_id: 'hs-1', client: 'vscode', client_version: '1.0' });
  expect(await ask('Status')).toMatchObject([
    { name: 'dashboard' },
    { name: 'interactive_terminal' },
    { name: 'mcp' },
  ]);
  await ask('ServiceHealth', { service: 'mcp' });
  expect(await ask('StateEvents', { service: 'mcp' })).not.toEqual([]);
  await ask('HealthSnapshot');
  await ask('SetHealthWindowVisibility', { visible: false });
  await ask('SubscribeEvents');
  await ask('EmitTestEvent', { message: 'hello' });
  expect(await ask('EventStats')).toMatchObject({ enabled: true });
  await ask('SetBackend', { backend: 'node' });
});

test('W20 services are stopped and started as they are, not beside themselves', async () => {
  await ask('Stop', { service: 'dashboard' });
  await supervisor.until('the dashboard to stop', ({ services }) =>
    services.some(({ name, state }) => name === 'dashboard' && state === 'stopped'),
  );
  await ask('Start', { service: 'dashboard' });
  await supervisor.until('the dashboard to run', ({ services }) =>
    services.some(({ name, state }) => name === 'dashboard' && state === 'ready'),
  );
  const pidOf = (data: unknown) =>
    (data as { name: string; pid: number }[]).find(({ name }) => name === 'dashboard')?.pid;
  const before = pidOf(await ask('Status'));
  await ask('Restart', { service: 'dashboard' });
  await expect.poll(async () => pidOf(await ask('Status')), patience).not.toBe(before);
  const stopped = async () => (await ask('HealthSnapshot')) as { connection: { state: string } };
  await expect
    .poll(async () => (await stopped()).connection.state, { timeout: 15_000 })
    .toBe('connected');
});

test('W20 while mcp is stopped the gateway serves nobody, and Start makes it serve again', async () => {
  await ask('Stop', { service: 'mcp' });
  await expect
    .poll(() => ask('ServiceHealth', { service: 'mcp' }), patience)
    .toMatchObject({ state: 'stopped' });
  await expect(openMcpSession(supervisor.mcpUrl)).rejects.toThrow();
  await ask('Start', { service: 'mcp' });
  await supervisor.until('mcp to run', ({ services }) =>
    services.some(({ name, state }) => name === 'mcp' && state === 'ready'),
  );
  const session = await openMcpSession(supervisor.mcpUrl);
  await ask('CloseMcpConnection', { session_id: session });
});

test('W22 a window is attached while its connection lives, and linked to its MCP session', async () => {
  using window = await oldClient();
  const attach = {
    type: 'AttachClient',
    pid: process.pid,
    window_id: 'no-workspace|machine|pid:1|nonce',
  };
  const attached = await window.request(attach);
  transcript.push({ request: attach, reply: attached });
  expect(misfits(attached.data, oldShapes.AttachClient)).toEqual([]);
  const { client_id } = attached.data as { client_id: string };
  expect((await window.request(attach)).data).toMatchObject({ client_id });
  const session = await openMcpSession(supervisor.mcpUrl, { 'x-client-pid': String(process.pid) });
  expect(await ask('ListMcpConnections')).toMatchObject([
    { session_id: session, linked_client_id: client_id },
  ]);
  expect(await ask('ListClients')).toMatchObject([{ client_id, active_session_ids: [session] }]);
  expect((await supervisor.snapshot()).clients).toMatchObject([{ sessionIds: [session] }]);
  await ask('CloseMcpConnection', { session_id: session });
  await ask('DetachClient', { client_id });
  await window.request(attach);
  window[Symbol.dispose]();
  await expect.poll(() => ask('ListClients'), patience).toEqual([]);
});

test('W19 ScaleUpMcp starts an instance and UpgradeMcp replaces them', async () => {
  await ask('ScaleUpMcp');
  expect(await ask('ListMcpInstances')).toHaveLength(2);
  const pids = async () => (await supervisor.snapshot()).instances.map(({ pid }) => pid);
  const before = await pids();
  await ask('UpgradeMcp');
  await expect
    .poll(async () => (await pids()).some((pid) => before.includes(pid)), { timeout: 20_000 })
    .toBe(false);
});

test('a form app is launched, asked for a refinement, and closed', async () => {
  const launch = { app_name: 'brainstorm_gui', payload: { question: 1 }, timeout_seconds: 20 };
  const first = (await ask('LaunchApp', launch)) as { session_id: string };
  expect(first).toMatchObject({
    pending_refinement: true,
    response_payload: { got: { question: 1 } },
  });
  const next = { session_id: first.session_id, payload: { question: 2 } };
  expect(await ask('ContinueApp', next)).toMatchObject({ pending_refinement: false });
});

test('verbs of abandoned experiments are refused with a code and a sentence', async () => {
  using client = await oldClient();
  for (const type of ['McpRuntimeExec', 'SetMcpRuntimePolicy', 'SetDashboardVariant']) {
    const request = { type, payload: {}, variant: 'solid' };
    const reply = await client.request(request);
    transcript.push({ request, reply });
    expect(reply).toMatchObject({ ok: false, code: 'unsupported' });
  }
});

test('W23 the TCP door opens when its port is free again, and the socket works meanwhile', async () => {
  const foreign = createServer();
  const port = await new Promise<number>((resolve) => {
    foreign.listen(0, '127.0.0.1', () => resolve((foreign.address() as { port: number }).port));
  });
  await using other = await startSupervisor({
    settings: {
      supervisor: { control_tcp_port: port },
      mcp: { enabled: false, port: 0 },
      dashboard: { enabled: false },
    },
  });
  const tcpDoor = async () => (await other.snapshot()).doors.find(({ name }) => name === 'tcp');
  expect(await tcpDoor()).toMatchObject({
    state: 'waiting',
    error: expect.stringContaining(String(port)),
  });
  await new Promise((resolve) => foreign.close(resolve));
  await expect.poll(tcpDoor, { timeout: 15_000 }).toMatchObject({ state: 'open' });
  using client = await OldClient.detect([port]);
  expect(await client.request({ type: 'Status' })).toMatchObject({ ok: true });
});

test('shut down at the end, every old verb has been asked, and the record has them all', async () => {
  await ask('ShutdownSupervisor');
  expect(await supervisor.process.exited).toBe(0);
  const asked = new Set(transcript.map(({ request }) => (request as { type: string }).type));
  expect(Object.keys(oldShapes).filter((verb) => !asked.has(verb))).toEqual([]);
  expect(Object.keys(oldShapes).filter((verb) => !(verb in requestSchemas))).toEqual([]);
  if (process.env['PM_RECORD'] !== undefined) return;
  const lines = (await readFile(transcriptFile, 'utf8')).trim().split('\n');
  const recorded = lines.map((line) => JSON.parse(line) as (typeof transcript)[number]);
  for (const { request, reply } of recorded) {
    const { type } = request as { type: OldVerb };
    const shape = oldShapes[type];
    if (reply.ok) expect(misfits(reply.data, shape), type).toEqual([]);
  }
  expect(new Set(recorded.map(({ request }) => (request as { type: string }).type))).toEqual(asked);
});
