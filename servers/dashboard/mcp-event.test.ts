import { expect, test } from 'vitest';
import { stepChanged } from './fake-supervisor.ts';
import { fromLogRow, fromSupervisor } from './mcp-event.ts';

const timestamp = '2026-11-22T12:00:00.000Z';

function mapped(data: Readonly<Record<string, unknown>>) {
  const origin = { timestamp, source: 'control', source_id: 'evt_1' };
  return fromSupervisor(JSON.stringify({ id: 9, data: { ...origin, ...data } })).event;
}

test('a stamped event becomes the event that its source told, under the id it was born with', () => {
  const { position, event } = fromSupervisor(
    JSON.stringify({ id: 7, data: stepChanged('evt_a', 3) }),
  );
  expect(position).toBe(7);
  expect(event).toEqual({
    id: 'evt_a',
    type: 'step_updated',
    timestamp,
    workspace_id: 'pmws-1',
    plan_id: 'plan_1',
    data: { step_index: 3 },
  });
});

test("without a source's own name the supervisor's type is used, and empty ids are left out", () => {
  expect(mapped({ event_type: 'metrics_invalidated', workspace_id: null })).toEqual({
    id: 'evt_1',
    type: 'metrics_invalidated',
    timestamp,
    data: {},
  });
  expect(mapped({ event_type: 'plan_updated', workspace_id: 'w', plan_id: '' })).toEqual({
    id: 'evt_1',
    type: 'plan_updated',
    timestamp,
    workspace_id: 'w',
    data: {},
  });
});

test('a raw event that carries an MCPEvent is that MCPEvent', () => {
  const payload = {
    id: 'evt_of_the_payload',
    type: 'program_created',
    timestamp: '2026-11-22T11:59:59.000Z',
    workspace_id: 'w',
    plan_id: null,
    agent_type: 'Executor',
    data: { title: 'T' },
  };
  expect(mapped({ event_type: 'raw', payload })).toEqual({
    id: 'evt_1',
    type: 'program_created',
    timestamp: '2026-11-22T11:59:59.000Z',
    workspace_id: 'w',
    agent_type: 'Executor',
    data: { title: 'T' },
  });
});

test('the fields of a raw payload without `data` are its data', () => {
  const event = mapped({ event_type: 'raw', payload: { type: 'build', ok: true } });
  expect(event).toEqual({ id: 'evt_1', type: 'build', timestamp, data: { ok: true } });
});

test.each([[null], ['text'], [[1]], [{ type: 5 }], [{}]])(
  'a raw payload %j is handed on whole',
  (payload) => {
    expect(mapped({ event_type: 'raw', payload })).toEqual({
      id: 'evt_1',
      type: 'raw',
      timestamp,
      data: { payload },
    });
  },
);

test.each([
  ['no JSON', '{'],
  ['no id', '{"data":{"event_type":"test"}}'],
  ['an old frame without source id', '{"id":1,"data":{"event_type":"test","message":"m"}}'],
])('%s is refused', (_what, json) => {
  expect(() => fromSupervisor(json)).toThrow();
});

test('a row of the log is told as it was stored', () => {
  const stored = { id: 'evt_1', type: 'note_added', timestamp, plan_id: 'p', data: { note: 'n' } };
  const row = { id: 4, event_type: 'note_added', data: JSON.stringify(stored), timestamp };
  expect(fromLogRow(row)).toEqual(stored);
});

test('a row whose JSON is spoiled or poor is told by its columns', () => {
  const columns = { id: 'evt_4', type: 'note_added', timestamp, data: {} };
  const row = { id: 4, event_type: 'note_added', timestamp };
  expect(fromLogRow({ ...row, data: '{"id":' })).toEqual(columns);
  expect(fromLogRow({ ...row, data: 'null' })).toEqual(columns);
  expect(fromLogRow({ ...row, data: '{"plan_id":"p"}' })).toEqual({ ...columns, plan_id: 'p' });
});
