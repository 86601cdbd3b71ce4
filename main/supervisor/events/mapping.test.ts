import { expect, test } from 'vitest';
import type { DataChange } from '../../../shared/events.ts';
import { mapEvent } from './mapping.ts';

const w = 'pmws-1';
const p = 'plan_1';
const plan = { workspace_id: w, plan_id: p };

/** Every type of the old MCP server (camelCase data), with the data it has there. */
const ofServer: readonly (readonly [string, object, DataChange | 'raw'])[] = [
  ['plan_created', { title: 'T', category: 'feature' }, { event_type: 'plan_created', ...plan }],
  ['plan_updated', { changes: {} }, { event_type: 'plan_updated', ...plan }],
  ['plan_archived', {}, { event_type: 'plan_archived', ...plan }],
  [
    'step_updated',
    { stepIndex: 3, newStatus: 'active' },
    { event_type: 'step_changed', ...plan, step_index: 3, new_status: 'active' },
  ],
  ['note_added', { note: 'n', type: 'info' }, { event_type: 'plan_updated', ...plan }],
  [
    'handoff',
    { fromAgent: 'a', toAgent: 'b', reason: 'r' },
    { event_type: 'agent_session_changed', ...plan, session_id: '' },
  ],
  [
    'agent_session_started',
    { sessionId: 's1' },
    { event_type: 'agent_session_changed', ...plan, session_id: 's1' },
  ],
  [
    'agent_session_completed',
    { sessionId: 's1', summary: '', artifacts: [] },
    { event_type: 'agent_session_changed', ...plan, session_id: 's1' },
  ],
  ['workspace_registered', {}, { event_type: 'workspace_changed', workspace_id: w }],
  ['context_stored', { type: 'research' }, { event_type: 'plan_updated', ...plan }],
  [
    'session_interrupted',
    { sessionId: 's2' },
    { event_type: 'agent_session_changed', ...plan, session_id: 's2' },
  ],
  [
    'session_injected',
    { sessionId: 's3' },
    { event_type: 'agent_session_changed', ...plan, session_id: 's3' },
  ],
  [
    'session_stop_escalated',
    { sessionId: 's4' },
    { event_type: 'agent_session_changed', ...plan, session_id: 's4' },
  ],
  ['program_created', { title: 'P' }, { event_type: 'workspace_changed', workspace_id: w }],
  ['program_updated', {}, { event_type: 'workspace_changed', workspace_id: w }],
  ['program_archived', {}, { event_type: 'workspace_changed', workspace_id: w }],
  [
    'workspace_scope_changed',
    { filePath: '/a.code-workspace', filesInScope: [] },
    { event_type: 'focused_workspace_generated', ...plan, file_path: '/a.code-workspace' },
  ],
  ['tool_call', { toolName: 't' }, 'raw'],
  ['hub_routing_decision', { x: 1 }, 'raw'],
  ['hub_policy_blocked', { x: 1 }, 'raw'],
  ['prompt_analyst_enrichment', { x: 1 }, 'raw'],
  ['session_scope_conflict', { x: 1 }, 'raw'],
];

/** Every type of the old dashboard (snake_case data). */
const ofDashboard: readonly (readonly [string, object, DataChange])[] = [
  [
    'step_updated',
    { step_index: 7, step_task: 't', new_status: 'done', plan_title: 'T' },
    { event_type: 'step_changed', ...plan, step_index: 7, new_status: 'done' },
  ],
  [
    'step_confirmed',
    { step_index: 8, confirmed_by: 'me' },
    { event_type: 'step_changed', ...plan, step_index: 8 },
  ],
  ['phase_confirmed', { phase: 'x', steps_completed: 2 }, { event_type: 'plan_updated', ...plan }],
  ['plan_archived', { plan_title: 'T' }, { event_type: 'plan_archived', ...plan }],
  ['plan_deleted', { plan_title: 'T', permanent: true }, { event_type: 'plan_deleted', ...plan }],
  ['plan_duplicated', { source_plan_id: 'p0' }, { event_type: 'plan_updated', ...plan }],
  ['plan_imported', { source_file: 'f' }, { event_type: 'plan_updated', ...plan }],
  ['plan_resumed', { resumed_from: 'x' }, { event_type: 'plan_updated', ...plan }],
  ['note_added', { note: 'n', type: 'info' }, { event_type: 'plan_updated', ...plan }],
  [
    'handoff_started',
    { from_agent: 'a', to_agent: 'b', session_id: 's5' },
    { event_type: 'agent_session_changed', ...plan, session_id: 's5' },
  ],
  [
    'handoff_completed',
    { from_agent: 'a', to_agent: 'b' },
    { event_type: 'agent_session_changed', ...plan, session_id: '' },
  ],
  [
    'agent_session_started',
    { session_id: 's6' },
    { event_type: 'agent_session_changed', ...plan, session_id: 's6' },
  ],
  ['workspace_indexed', {}, { event_type: 'workspace_changed', workspace_id: w }],
  [
    'workspace_registered',
    { workspace_id: w, workspace_path: '/w' },
    { event_type: 'workspace_changed', workspace_id: w },
  ],
  [
    'workspace_scope_changed',
    { file_path: '/b.code-workspace', files_in_scope: [] },
    { event_type: 'focused_workspace_generated', ...plan, file_path: '/b.code-workspace' },
  ],
];

const at = '2026-11-22T07:27:42.250Z';
const all = [
  ...ofServer.map((row) => ['MCP server', ...row] as const),
  ...ofDashboard.map((row) => ['dashboard', ...row] as const),
];

test.each(all)('W4 the %s’s %s is understood', (_who, type, data, expected) => {
  const event = { id: 'evt_1', type, timestamp: at, ...plan, agent_type: null, data };
  const change = expected === 'raw' ? { event_type: 'raw', payload: event } : expected;
  const origin = { sourceId: 'evt_1', sourceType: type, timestamp: at };
  expect(mapEvent(event)).toEqual({ change, ...origin });
});

test.each([
  { type: 'plan_created', workspace_id: w, plan_id: p },
  { type: 'plan_created', data: { workspace_id: w, plan_id: p } },
  { type: 'plan_created', data: { workspaceId: w, planId: p } },
  { type: 'plan_created', workspace_id: w, plan_id: null, data: { planId: p } },
  { type: 'plan_created', workspace_id: w, plan_id: p, data: { planId: 'another' } },
])('W4 ids are found wherever they are: %j', (event) => {
  expect(mapEvent(event).change).toEqual({ event_type: 'plan_created', ...plan });
});

test.each([
  ['plan_created', { workspace_id: '', plan_id: '' }],
  ['step_updated', { event_type: 'step_changed', workspace_id: '', plan_id: '', step_index: 0 }],
  [
    'handoff',
    { event_type: 'agent_session_changed', workspace_id: '', plan_id: '', session_id: '' },
  ],
  ['workspace_indexed', { event_type: 'workspace_changed', workspace_id: '' }],
  [
    'workspace_scope_changed',
    { event_type: 'focused_workspace_generated', workspace_id: '', plan_id: '', file_path: '' },
  ],
])('a %s without any ids is an event all the same', (type, expected) => {
  expect(mapEvent({ type })).toEqual({
    change: {
      event_type: type,
      ...expected,
    },
    sourceId: null,
    sourceType: type,
    timestamp: null,
  });
});

test('an unknown event keeps its payload untouched', () => {
  const event = {
    id: 7,
    type: 'tea_time',
    data: { sugar: [1, { lumps: null }], ключ: '日本' },
    extra: true,
    workspace_id: null,
  };
  const mapped = mapEvent(structuredClone(event));
  expect(mapped.change).toEqual({ event_type: 'raw', payload: event });
  expect(mapped.sourceId).toBe('7');
});

const stamped = (event_type: string, fields: object) => ({
  id: 12,
  data: { event_type, ...fields },
});

test.each([
  ['plan_created', plan],
  ['plan_updated', plan],
  ['plan_archived', plan],
  ['plan_deleted', plan],
  ['step_changed', { ...plan, step_index: 4 }],
  ['agent_session_changed', { ...plan, session_id: 's' }],
  ['workspace_changed', { workspace_id: w }],
  ['focused_workspace_generated', { ...plan, file_path: '/f' }],
  ['metrics_invalidated', { workspace_id: null }],
  ['metrics_invalidated', { workspace_id: w }],
  ['raw', { payload: { any: ['thing'] } }],
  ['test', { message: 'hello' }],
])('W4 another supervisor’s %s stays what it is', (type, fields) => {
  const origin = { timestamp: at, source: 'webhook:mcp:1', source_id: 'evt_9', source_type: 'x' };
  expect(mapEvent(stamped(type, { ...fields, ...origin }))).toEqual({
    change: {
      event_type: type,
      ...fields,
    },
    sourceId: 'evt_9',
    sourceType: 'x',
    timestamp: at,
  });
  expect(mapEvent(stamped(type, fields))).toEqual({
    change: {
      event_type: type,
      ...fields,
    },
    sourceId: null,
    sourceType: null,
    timestamp: null,
  });
});

test('a supervisor without event ids is told apart by number and time, never by number alone', () => {
  expect(mapEvent(stamped('plan_created', { ...plan, timestamp: at })).sourceId).toBe(
    `stamped_12_${at}`,
  );
  // Its numbers begin with 1 again when it starts again.
  expect(mapEvent(stamped('plan_created', plan)).sourceId).toBeNull();
});

test('W3 an event that an old supervisor wrapped is taken out again, however deep', () => {
  const inner = stamped('plan_created', { ...plan, timestamp: at, source_id: 'evt_5' });
  const wrapped = stamped('raw', { payload: stamped('raw', { payload: inner }) });
  expect(mapEvent(wrapped)).toEqual(mapEvent(inner));
});

test('a stamped event has fields of the right types, and keeps those of a later version', () => {
  const map = (type: string, fields: object) => mapEvent(stamped(type, fields)).change;
  expect(map('step_changed', { workspace_id: 5, step_index: 'two', colour: 'red' })).toEqual({
    event_type: 'step_changed',
    colour: 'red',
    workspace_id: '',
    plan_id: '',
    step_index: 0,
  });
  expect(map('test', { message: { a: 1 } })).toEqual({ event_type: 'test', message: '' });
  expect(map('raw', {})).toEqual({ event_type: 'raw', payload: null });
  expect(map('metrics_invalidated', { workspace_id: 5 })).toEqual({
    event_type: 'metrics_invalidated',
    workspace_id: null,
  });
  expect(map('tea_time', { a: 1 })).toEqual({
    event_type: 'raw',
    payload: {
      event_type: 'tea_time',
      a: 1,
    },
  });
});

test.each(['yesterday', '', '2026-13-45'])(
  'a time that is none (%j) is not taken over',
  (timestamp) => {
    expect(mapEvent({ type: 'plan_created', timestamp }).timestamp).toBeNull();
  },
);

test('a time of another zone becomes UTC', () => {
  const timestamp = '2026-11-22T08:27:42.250+01:00';
  expect(mapEvent({ type: 'plan_created', timestamp }).timestamp).toBe(at);
});

test.each([
  null,
  5,
  'text',
  true,
  [],
  {},
  { type: '' },
  { type: 5 },
  { type: 'plan_created', data: 'text' },
  { type: 'plan_created', id: {} },
  { id: 5, data: { event_type: '' } },
  { id: '5', data: { event_type: 'test' } },
  { connected: true },
])('garbage is refused: %j', (garbage) => {
  expect(() => mapEvent(garbage)).toThrow(expect.objectContaining({ code: 'bad_request' }));
});
