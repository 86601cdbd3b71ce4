/** Windows over the protocol, with the real desk and a real connection (old weakness W22). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sessionFixture, snapshotFixture } from '../../shared/status.test-helper.ts';
import { patience } from '../../test/patience.ts';
import { Clients } from './clients/clients.ts';
import { createCommands } from './control/commands.ts';
import { asking, FakeTarget, LineClient, silent } from './control/control.test-helper.ts';
import { createDispatcher, type Dispatch } from './control/dispatcher.ts';
import { LineDoor } from './control/line-door.ts';

let folder: string;
let target: FakeTarget;
let clients: Clients;
let dispatch: Dispatch;
const { dataOf, codeOf } = asking(() => dispatch);
let door: LineDoor;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-windows-'));
  path = join(folder, 'control.sock');
  target = new FakeTarget();
  clients = new Clients({
    sessions: () => target.current.sessions,
    onChange: () => {},
    emptyAfterMs: () => 0,
    onEmpty: () => {},
  });
  target.clients = clients;
  dispatch = createDispatcher(createCommands(target));
  door = new LineDoor(dispatch, silent);
  await door.listenSocket(path);
});

afterEach(async () => {
  clients.close();
  await door.close();
  await rm(folder, { recursive: true, force: true });
});

const session = sessionFixture();

test('W22 a window is attached once, shown with its sessions, and detached', async () => {
  target.current = snapshotFixture({ sessions: [session] });
  const window = {
    pid: 4711,
    window_id: 'w|1',
    agent: 'claude-code',
    workspace: '/w',
    lease_ms: 60_000,
  };
  expect(await dataOf('AttachClient', window)).toEqual({ client_id: 'client-1', lease_ms: 60_000 });
  expect(await dataOf('AttachClient', window)).toMatchObject({ client_id: 'client-1' });
  expect(await dataOf('ListClients')).toEqual([
    {
      client_id: 'client-1',
      pid: 4711,
      window_id: 'w|1',
      attached_at: expect.any(Number),
      active_session_ids: ['s-1'],
      agent: 'claude-code',
      workspace: '/w',
      lease_ms: 60_000,
      lease_until: expect.any(String),
    },
  ]);
  target.current = snapshotFixture({ sessions: [session], clients: clients.list() });
  expect(await dataOf('ListMcpConnections')).toMatchObject([{ linked_client_id: 'client-1' }]);
  expect(await dataOf('DetachClient', { client_id: 'client-1' })).toEqual({
    client_id: 'client-1',
    detached: true,
  });
  expect(await dispatch({ type: 'DetachClient', client_id: 'client-1' })).toMatchObject({
    code: 'client_not_found',
    error: 'client not found: client-1',
  });
  expect(await codeOf('AttachClient', { pid: 1, window_id: 'over http' })).toBe('bad_request');
});

test('W22 a client that crashes leaves no phantom behind', async () => {
  const editor = new LineClient(path);
  await editor.ask({ type: 'AttachClient', pid: 1, window_id: 'w' });
  expect(await dataOf('ListClients')).toHaveLength(1);
  editor.socket.destroy();
  await expect.poll(() => dataOf('ListClients'), patience).toEqual([]);
});
