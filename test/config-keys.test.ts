/**
 * No setting that does nothing: for each key of the schema, the test that shows what it does. Where that is
 * a test of the option behind the key, `config-reach.test.ts` shows that the key gets there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSections } from '../shared/config-keys.ts';
import { restartKeys } from '../shared/config-restart.ts';

/** A file of tests, and words of it: the name of the test, or what it sets. */
type Proof = readonly [file: string, words: string];

const room = 'main/supervisor';
const reach: Proof = [`${room}/config-reach.test.ts`, 'reaches what acts on it'];

/** What every service section has in common, each with the test of the option behind it. */
const life: Readonly<Record<string, Proof>> = {
  restart_policy: [`${room}/services/lifecycle.test.ts`, '%s after %s'],
  start_timeout_ms: [`${room}/services/service-faults.test.ts`, 'startTimeoutMs'],
  stop_grace_ms: [`${room}/services/service-faults.test.ts`, 'stopGraceMs'],
};
const liveness: Readonly<Record<string, Proof>> = {
  liveness_period_ms: [`${room}/services/service-faults.test.ts`, 'periodMs'],
  liveness_timeout_ms: [`${room}/services/service-faults.test.ts`, 'timeoutMs'],
  liveness_threshold: [`${room}/services/service-faults.test.ts`, 'threshold'],
};
const needs: Readonly<Record<string, Proof>> = {
  depends_on: ['test/services.test.ts', 'services start after what they need'],
  depends_on_condition: [`${room}/services/dependencies.test.ts`, "'started', null"],
};
const readiness: Readonly<Record<string, Proof>> = {
  readiness_http: [`${room}/services/service.test.ts`, "kind: 'http'"],
  // A server with a port is ready when that accepts a connection.
  readiness_tcp: [`${room}/fleet.test.ts`, 'two services swap their ports'],
  readiness_log: ['test/services.test.ts', 'readiness_log'],
};
const program: Readonly<Record<string, Proof>> = {
  command: [`${room}/fleet.test.ts`, 'command: process.execPath'],
  args: [`${room}/fleet.test.ts`, "args: ['-e'"],
  working_dir: [`${room}/services/process-host.test.ts`, 'workingDir'],
  env: [`${room}/services/service-rig.test-helper.ts`, 'env: {'],
};
const pool: Readonly<Record<string, Proof>> = {
  min_instances: [`${room}/pool/pool-bounds.test.ts`, 'a higher minimum starts what is missing'],
  max_instances: [
    `${room}/pool/pool-bounds.test.ts`,
    'a lower maximum takes away what is too many',
  ],
  max_connections_per_instance: [`${room}/pool/pool-scaling.test.ts`, 'maxSessionsPerInstance'],
  max_sessions: [`${room}/pool/pool-bounds.test.ts`, 'a bound on sessions counts'],
  failover: [`${room}/pool/pool-processes.test.ts`, 'failover'],
  scale_down_after_s: [`${room}/pool/pool-bounds.test.ts`, 'scaleDownAfterMs: 50'],
  drain_timeout_s: [`${room}/gateway/failover-drain.test.ts`, 'drainTimeoutMs: 50'],
  session_idle_minutes: [`${room}/pool/pool-bounds.test.ts`, 'sessionIdleMs: 50'],
  max_memory_mb: [`${room}/pool/renewal.test.ts`, 'maxMemoryMb'],
  max_age_hours: [`${room}/pool/renewal.test.ts`, 'maxAgeHours'],
};
const keep: Readonly<Record<string, Proof>> = {
  on_supervisor_exit: ['test/keep.test.ts', 'on_supervisor_exit'],
};
const form: Readonly<Record<string, Proof>> = {
  enabled: reach,
  command: [`${room}/form-apps.test.ts`, 'an app gets the question as one line'],
  args: [`${room}/form-apps.test.ts`, 'args'],
  working_dir: [`${room}/config-reach.test.ts`, 'of a form app reaches its start'],
  env: [`${room}/config-reach.test.ts`, 'of a form app reaches its start'],
  timeout_seconds: [`${room}/form-apps.test.ts`, 'an app that takes too long is ended'],
};
const isOn = (file: string, words: string): Readonly<Record<string, Proof>> => ({
  enabled: [file, words],
});

const proofs: Readonly<Record<string, Readonly<Record<string, Proof>>>> = {
  supervisor: {
    log_level: ['test/config-effects.test.ts', "log_level: 'error'"],
    data_dir: ['test/config-effects.test.ts', "data_dir: 'my-data'"],
    control_pipe: [`${room}/config/control-address.test.ts`, 'the pipe of the configuration'],
    control_socket: ['test/control.test.ts', 'each door can be switched off'],
    control_tcp: ['test/control.test.ts', 'each door can be switched off'],
    control_tcp_port: ['test/lifecycle.test.ts', 'answers on the socket and over TCP'],
    shutdown_when_last_client_leaves_s: [
      'test/control.test.ts',
      'the supervisor ends after the last one has left',
    ],
  },
  reconnect: {
    initial_delay_ms: [`${room}/services/back-off.test.ts`, 'initialDelayMs'],
    max_delay_ms: [`${room}/services/back-off.test.ts`, 'maxDelayMs'],
    multiplier: [`${room}/services/back-off.test.ts`, 'multiplier'],
    max_attempts: [`${room}/fleet.test.ts`, 'reconnect: { max_attempts: 1 }'],
    jitter_ratio: [`${room}/services/back-off.test.ts`, 'jitterRatio'],
    cooldown_after_attempts: [`${room}/services/back-off.test.ts`, 'cooldownAfterAttempts'],
    cooldown_child_local_ms: [`${room}/services/back-off.test.ts`, 'cooldownMs'],
    cooldown_dependency_group_ms: [`${room}/services/dependencies.test.ts`, 'dependencyGroupMs'],
    cooldown_global_ms: [`${room}/services/dependencies.test.ts`, 'globalMs'],
  },
  mcp: {
    ...life,
    ...liveness,
    ...isOn('test/config-effects.test.ts', 'mcp: { port: 0, enabled: false }'),
    port: [`${room}/live-config.test.ts`, 'port is no restart'],
    health_timeout_ms: [`${room}/services/service.test.ts`, 'probeTimeoutMs: 100'],
    backend: ['test/containers.test.ts', 'two instances are two containers'],
    affinity_params: [`${room}/gateway/affinity.test.ts`, 'params'],
    affinity_header: [`${room}/gateway/affinity.test.ts`, 'header'],
  },
  'mcp.node': {
    ...program,
    env: ['test/live-config.test.ts', 'PM_TEST_A'],
    events_path: ['test/instance-streams.test.ts', 'events_path'],
  },
  'mcp.container': Object.fromEntries(
    ['engine', 'image', 'container_name', 'ports', 'labels', 'args', 'env'].map((key) => [
      key,
      [
        `${room}/services/container.test.ts`,
        key === 'container_name' ? 'project-memory-mcp-' : key,
      ],
    ]),
  ) as Readonly<Record<string, Proof>>,
  'mcp.pool': {
    ...pool,
    base_port: ['test/config-effects.test.ts', 'base_port: 28_460'],
    failover_wait_ms: [`${room}/gateway/failover.test.ts`, 'failoverWaitMs'],
  },
  dashboard: {
    ...life,
    ...liveness,
    ...needs,
    ...readiness,
    ...program,
    ...keep,
    ...isOn('test/config-effects.test.ts', 'dashboard: { enabled: false }'),
    port: [`${room}/launches.test.ts`, 'the bundled dashboard gets its port'],
    requires_mcp: reach,
  },
  servers: {
    ...life,
    ...liveness,
    ...needs,
    ...readiness,
    ...program,
    ...keep,
    ...pool,
    ...isOn(`${room}/service-plans.test.ts`, 'switched off'),
    name: [`${room}/fleet.test.ts`, 'what stays keeps its process'],
    port: [`${room}/fleet.test.ts`, 'two services swap their ports'],
    mcp: [`${room}/fleet.test.ts`, 'a service becomes an MCP server and back'],
    transport: ['test/servers.test.ts', "transport: 'stdio'"],
    shared: [`${room}/launches.test.ts`, 'shared'],
    base_port: [`${room}/fleet.test.ts`, 'base_port'],
  },
  interactive_terminal: {
    ...life,
    ...program,
    ...isOn('test/config-effects.test.ts', 'interactive_terminal: { enabled: false }'),
    command: ['test/terminal.test.ts', 'a terminal of the user’s own'],
    shell: [`${room}/terminal.test.ts`, 'shell'],
    port: [`${room}/config-reach.test.ts`, 'reaches the program in the terminal’s place'],
  },
  fallback_api: {
    ...life,
    ...liveness,
    ...needs,
    ...readiness,
    ...program,
    ...keep,
    ...isOn('test/fallback-api.test.ts', 'without an API the answer is the same'),
    port: [`${room}/launches.test.ts`, 'the fallback API is told where to listen'],
  },
  'proxy.routes': {
    path: [`${room}/gateway/proxy-routes.test.ts`, 'the longest path that covers the request'],
    target: [`${room}/gateway-doors.test.ts`, 'routes lead to services while these run'],
    websocket: [`${room}/gateway/upgrades.test.ts`, 'websocket'],
    strip_prefix: [`${room}/gateway/proxy-routes.test.ts`, 'stripPrefix'],
  },
  events: {
    ...isOn(`${room}/events/event-room-settings.test.ts`, 'switched off and on'),
    buffer_size: [`${room}/events/event-room-settings.test.ts`, 'buffer_size and replay'],
    heartbeat_interval: [`${room}/events/event-room-settings.test.ts`, 'keeps its new interval'],
    replay_buffer_size: [`${room}/events/event-room-settings.test.ts`, 'buffer_size and replay'],
    allowed_origins: [`${room}/events/event-room-settings.test.ts`, 'allowed_origins: [origin]'],
    journal: [`${room}/events/event-room.test.ts`, 'without a journal ids go on'],
    journal_max_events: [`${room}/events/journal.test.ts`, 'it keeps as many events as it may'],
    journal_max_age_hours: [`${room}/events/journal.test.ts`, 'what is too old is gone'],
    max_subscribers: [`${room}/events/sse-endpoint.test.ts`, 'beyond max_subscribers'],
    max_event_bytes: [`${room}/events/webhook.test.ts`, 'an event beyond max_event_bytes'],
    trusted_proxies: [`${room}/events/sse-stream.test.ts`, 'only when the proxy is trusted'],
  },
  'events.sources': {
    name: [`${room}/events/event-room-settings.test.ts`, 'sources come, go and change'],
    url: [`${room}/events/event-room-settings.test.ts`, 'sources come, go and change'],
    headers: [`${room}/events/event-room-settings.test.ts`, "'x-secret': '!'"],
  },
  gui_server: {
    ...isOn('test/config-effects.test.ts', 'gui_server: { enabled: false }'),
    port: ['test/config-effects.test.ts', 'gui_server: { port: pagePort'],
    bind_address: ['test/config-effects.test.ts', "bind_address: 'localhost'"],
  },
  runtime_output: {
    ...isOn('test/config-effects.test.ts', 'runtime_output: { enabled: false }'),
    ring_lines: ['test/config-effects.test.ts', 'ring_lines: 10'],
    file: ['test/config-effects.test.ts', 'file: false'],
    max_file_mb: [`${room}/services/output-store.test.ts`, 'maxFileBytes'],
    max_files: [`${room}/services/output-store.test.ts`, 'maxFiles'],
    max_total_mb: [`${room}/services/output-store.test.ts`, 'maxTotalBytes'],
  },
  desktop: {
    start_hidden: ['e2e/desktop.spec.ts', 'with start_hidden no window comes up'],
    login_item: ['main/desktop/login-item.test.ts', 'goes with the setting'],
    notifications: ['main/desktop/system-notices.test.ts', 'notifications off'],
  },
  form_apps: { ...form, name: [`${room}/form-apps.test.ts`, 'an app that nobody configured'] },
  brainstorm_gui: { ...form, command: ['test/control-transcript.test.ts', 'brainstorm_gui'] },
  approval_gui: { ...form, command: ['test/config-effects.test.ts', 'approval_gui'] },
  auth: {
    api_key: ['test/live-config.test.ts', 'second-key-of-the-test'],
    gateway: ['test/gateway-doors.test.ts', 'without a token there is nothing but health'],
    control_tcp_token: ['test/control.test.ts', 'TCP asks for the token'],
  },
  'auth.clients': {
    name: [`${room}/gateway/access.test.ts`, 'laptop'],
    token: [`${room}/gateway/access.test.ts`, 'clientToken'],
  },
};

const keys = configSections.flatMap(({ path, keys: own }) =>
  own.map(({ name }) => [path, name] as const),
);

test('every key of the schema has a test that shows what it does, and no other key has one', () => {
  const proven = Object.entries(proofs).flatMap(([section, own]) =>
    Object.keys(own).map((key) => `${section}.${key}`),
  );
  expect(proven.toSorted()).toEqual(keys.map((path) => path.join('.')).toSorted());
});

test.each(keys)('[%s] %s: its test is there', (section, key) => {
  const [file, words] = proofs[section]?.[key] ?? ['', ''];
  expect(readFileSync(join(import.meta.dirname, '..', file), 'utf8')).toContain(words);
});

test('every key that needs a restart is one of the schema', () => {
  const known = keys.map((path) => path.join('.'));
  expect(restartKeys.filter((path) => !known.includes(path))).toEqual([]);
});
