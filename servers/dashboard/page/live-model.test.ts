import { expect, test, vi } from 'vitest';
import {
  type FakeServer,
  makeFakeServer,
  planEvent,
  planRow,
  workspaceRow,
} from './fake-server.ts';
import { LiveModel } from './live-model.ts';

const everything = ['workspaces', 'plans', 'events'];

/** A model that has read everything once. */
async function connect(server: FakeServer): Promise<LiveModel> {
  const model = new LiveModel(server);
  model.connected();
  await vi.waitUntil(() => model.snapshot().loaded);
  server.reads.length = 0;
  return model;
}

function tell(model: LiveModel, id: string, planId: string): void {
  model.receive({ type: 'mcp_event', data: planEvent(id, planId) });
}

test('an event about a plan reads that plan and nothing else', async () => {
  const server = makeFakeServer();
  server.planRows.push(planRow('plan_1', 'First'));
  const model = await connect(server);
  server.planRows[0] = planRow('plan_1', 'Renamed');
  tell(model, 'evt_1', 'plan_1');
  await vi.waitUntil(() => model.snapshot().plans.get('plan_1')?.title === 'Renamed');
  expect(server.reads).toEqual(['plan plan_1']);
  expect(model.snapshot().changes.map(({ id }) => id)).toEqual(['evt_1']);
});

test('a burst of events about one plan costs two reads', async () => {
  const server = makeFakeServer();
  const model = await connect(server);
  for (let index = 0; index < 1_000; index += 1) tell(model, `evt_${index}`, 'plan_1');
  server.planRows.push(planRow('plan_1', 'Last'));
  await vi.waitUntil(() => model.snapshot().plans.has('plan_1'));
  expect(server.reads).toEqual(['plan plan_1', 'plan plan_1']);
});

test('a burst of events about many plans is one read of everything', async () => {
  const server = makeFakeServer();
  const model = await connect(server);
  for (let index = 0; index < 40; index += 1) tell(model, `evt_${index}`, `plan_${index}`);
  await vi.waitUntil(() => server.reads.includes('events'));
  expect(server.reads).toEqual(['plan plan_0', ...everything]);
});

test('an event about a workspace reads it with its plans', async () => {
  const server = makeFakeServer();
  const model = await connect(server);
  server.workspaceRows.push(workspaceRow('pmws-2', 'beta'));
  const event = { id: 'evt_1', type: 'workspace_registered', timestamp: '', data: {} };
  model.receive({ type: 'mcp_event', data: { ...event, workspace_id: 'pmws-2' } });
  await vi.waitUntil(() => model.snapshot().workspaces.length === 2);
  expect(server.reads).toEqual(['workspace pmws-2']);
});

test('a plan in an unknown workspace makes that known, and a deleted plan goes', async () => {
  const server = makeFakeServer();
  const model = await connect(server);
  server.workspaceRows.push(workspaceRow('pmws-2', 'beta'));
  server.planRows.push({ ...planRow('plan_1', 'First'), workspace_id: 'pmws-2' });
  tell(model, 'evt_1', 'plan_1');
  await vi.waitUntil(() => model.snapshot().workspaces.length === 2);
  server.planRows.length = 0;
  tell(model, 'evt_2', 'plan_1');
  await vi.waitUntil(() => model.snapshot().plans.size === 0);
});

test('an answer that was under way when the plan changed again does not have the last word', async () => {
  const server = makeFakeServer();
  server.planRows.push(planRow('plan_1', 'Old'));
  let open = (): void => {};
  server.gate = new Promise((resolve) => {
    open = resolve;
  });
  const model = new LiveModel(server);
  model.connected();
  await vi.waitUntil(() => server.reads.length === 3);
  server.planRows[0] = planRow('plan_1', 'New');
  tell(model, 'evt_1', 'plan_1');
  open();
  await vi.waitUntil(() => model.snapshot().plans.get('plan_1')?.title === 'New');
});

test('a resync and a new connection read everything, the open plan too', async () => {
  const server = makeFakeServer();
  server.planRows.push(planRow('plan_1', 'First'));
  const model = await connect(server);
  model.openPlan('plan_1');
  await vi.waitUntil(() => server.reads.length === 1);
  server.reads.length = 0;
  model.receive({ type: 'resync', data: { from: 1, to: 2, reason: 'lagged' } });
  await vi.waitUntil(() => server.reads.length === 4);
  model.lost();
  expect(model.snapshot().connection).toBe('lost');
  model.connected();
  await vi.waitUntil(() => server.reads.length === 8);
  const all = [...everything, 'plan plan_1'];
  expect(server.reads).toEqual([...all, ...all]);
});

test('an event that comes twice is listed once, and changes that no database knows survive a resync', async () => {
  const server = makeFakeServer();
  const model = await connect(server);
  const foreign = { id: 'pms_1', type: 'test', timestamp: '2026-11-22T10:00:00.000Z', data: {} };
  model.receive({ type: 'mcp_event', data: foreign });
  model.receive({ type: 'mcp_event', data: foreign });
  server.logged.push(planEvent('evt_1', 'plan_1'));
  model.reload();
  await vi.waitUntil(() => model.snapshot().changes.length === 2);
  expect(model.snapshot().changes.map(({ id }) => id)).toEqual(['evt_1', 'pms_1']);
});

test('a read that fails is told, and the next good one takes it back', async () => {
  const server = makeFakeServer();
  const model = await connect(server);
  server.failure = 'The disk is full.';
  model.reload();
  await vi.waitUntil(() => model.snapshot().problem === 'The disk is full.');
  server.failure = null;
  model.reload();
  await vi.waitUntil(() => model.snapshot().problem === null);
});
