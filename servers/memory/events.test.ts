import { expect, test } from 'vitest';
import { openDatabase } from '../database.ts';
import { createChange, type MemoryEvent } from './events.ts';
import { Store } from './store.ts';
import { temporaryFolder } from './test-process.ts';

const moment = new Date('2026-11-22T07:27:42.249Z');

async function bench() {
  const folder = await temporaryFolder();
  const database = openDatabase(folder.path);
  const delivered: MemoryEvent[] = [];
  const deliver = (event: MemoryEvent) => void delivered.push(event);
  const change = createChange({ database, deliver, now: () => moment });
  return {
    store: new Store(database),
    change,
    delivered,
    log: () => database.prepare('SELECT event_type, data, timestamp FROM event_log').all(),
    [Symbol.asyncDispose]: async () => {
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const workspaceAt = (at: string) => ({
  workspace_id: 'pmws-1',
  name: 'app',
  path: '/app',
  created_at: at,
  updated_at: at,
});

test('a change and its event are kept together, and the event is then handed on', async () => {
  await using here = await bench();
  here.change((emit, at) => {
    here.store.insertWorkspace(workspaceAt(at));
    emit({ type: 'workspace_registered', workspace_id: 'pmws-1', data: { path: '/app' } });
    expect(here.delivered).toEqual([]);
  });
  const [event] = here.delivered;
  expect(event).toEqual({
    id: expect.stringMatching(/^evt_mwrildpl_[0-9a-f]{8}$/),
    timestamp: '2026-11-22T07:27:42.249Z',
    type: 'workspace_registered',
    workspace_id: 'pmws-1',
    data: { path: '/app' },
  });
  expect(here.log()).toEqual([
    {
      event_type: 'workspace_registered',
      data: JSON.stringify(event),
      timestamp: event?.timestamp,
    },
  ]);
  expect(here.store.workspace('pmws-1').updated_at).toBe(event?.timestamp);
});

test('a change that fails leaves neither rows nor events, and nobody is told', async () => {
  await using here = await bench();
  const fail = () =>
    here.change((emit, at) => {
      here.store.insertWorkspace(workspaceAt(at));
      emit({ type: 'workspace_registered', workspace_id: 'pmws-1', data: {} });
      throw new Error('half way');
    });
  expect(fail).toThrow('half way');
  expect(here.store.workspaces()).toEqual([]);
  expect(here.log()).toEqual([]);
  expect(here.delivered).toEqual([]);
});

test('an event that cannot be written takes its change with it', async () => {
  await using here = await bench();
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const fail = () =>
    here.change((emit, at) => {
      here.store.insertWorkspace(workspaceAt(at));
      emit({ type: 'workspace_registered', data: circular });
    });
  expect(fail).toThrow('circular');
  expect(here.store.workspaces()).toEqual([]);
});
