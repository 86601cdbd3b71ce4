/**
 * The reply of every old verb as the old system documented it: names of fields and what they hold. Fields that
 * this program added are not in here; none of these may be missing or hold anything else.
 */

export type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | 'state'
  | 'any'
  | `${'text' | 'number'}?`
  | { readonly is: unknown }
  | { readonly list: Shape }
  | { readonly [field: string]: Shape };

const service = {
  name: 'text',
  status: 'state',
  pid: 'number?',
  last_error: 'text?',
  last_health: 'number?',
} as const;

const formAnswer = {
  app_name: 'text',
  success: 'flag',
  elapsed_ms: 'number',
  timed_out: 'flag',
  pending_refinement: 'flag',
} as const;

/** What `data` holds when the verb succeeds. */
export const oldShapes = {
  Status: { list: service },
  Start: { service: 'text', status: { is: 'starting' } },
  Stop: { service: 'text', status: { is: 'stopping' } },
  Restart: { service: 'text', status: { is: 'starting' } },
  SetBackend: { active_backend: 'text' },
  ListClients: {
    list: {
      client_id: 'text',
      pid: 'number',
      window_id: 'text',
      attached_at: 'number',
      active_session_ids: { list: 'text' },
    },
  },
  AttachClient: { client_id: 'text' },
  DetachClient: { client_id: 'text', detached: { is: true } },
  WhoAmI: { message: { is: 'WhoAmI received' }, client: 'text', client_version: 'text' },
  ServiceHealth: {
    service: 'text',
    name: 'text',
    state: 'state',
    last_health: 'number?',
    last_error: 'text?',
    backend: 'text',
  },
  StateEvents: {
    list: {
      service: 'text',
      old_state: 'text',
      new_state: 'text',
      reason: 'text',
      timestamp: 'number',
    },
  },
  HealthSnapshot: {
    connection: { state: 'text', last_transition_at: 'number', last_error: 'text?' },
    children: {
      list: {
        service_name: 'text',
        status: 'text',
        pid: 'number?',
        last_health_error: 'text?',
        updated_at: 'number',
      },
    },
    health_window_visible: 'flag',
  },
  SetHealthWindowVisibility: { health_window_visible: 'flag' },
  UpgradeMcp: { upgrade: { is: 'initiated' }, service: { is: 'mcp' } },
  ListMcpConnections: {
    list: {
      session_id: 'text',
      transport_type: 'text',
      connected_at: 'text',
      last_activity: 'text?',
      call_count: 'number',
      linked_client_id: 'text?',
      instance_port: 'number',
      client_type: 'text?',
      workspace_id: 'text?',
    },
  },
  CloseMcpConnection: { closed: { is: true }, session_id: 'text' },
  ListMcpInstances: { list: { port: 'number', connection_count: 'number' } },
  ScaleUpMcp: { scale_up: { is: 'requested' } },
  SubscribeEvents: { events_url: 'text', note: 'text' },
  EventStats: {
    enabled: 'flag',
    subscriber_count: 'number',
    events_emitted: 'number',
    events_url: 'text',
  },
  EmitTestEvent: { emitted: { is: true } },
  LaunchApp: { ...formAnswer, response_payload: 'any', session_id: 'text' },
  ContinueApp: { ...formAnswer, response_payload: 'any' },
  ShutdownSupervisor: { shutdown: { is: 'requested' } },
} as const satisfies Readonly<Record<string, Shape>>;

export type OldVerb = keyof typeof oldShapes;

/** What does not fit, as `data.children[0].pid: expected number?, found "x"`; empty when all does. */
export function misfits(value: unknown, shape: Shape, at = 'data'): readonly string[] {
  const wrong = (what: string) => [`${at}: expected ${what}, found ${JSON.stringify(value)}`];
  if (typeof shape === 'string') return isWord(value, shape) ? [] : wrong(shape);
  if ('is' in shape) return value === shape.is ? [] : wrong(JSON.stringify(shape.is));
  if ('list' in shape) {
    if (!Array.isArray(value)) return wrong('a list');
    return value.flatMap((each, index) => misfits(each, shape.list as Shape, `${at}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return wrong('an object');
  return Object.entries(shape).flatMap(([field, inner]) =>
    misfits((value as Record<string, unknown>)[field], inner, `${at}.${field}`),
  );
}

function isWord(value: unknown, word: string): boolean {
  if (word === 'any') return value !== undefined;
  if (word.endsWith('?')) return value === null || isWord(value, word.slice(0, -1));
  if (word === 'flag') return typeof value === 'boolean';
  if (word === 'number') return typeof value === 'number';
  if (word === 'text') return typeof value === 'string';
  const isError = typeof value === 'object' && value !== null && 'error' in value;
  return isError || ['running', 'stopped', 'starting', 'stopping'].includes(String(value));
}
