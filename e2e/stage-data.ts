/** What the supervisor of the stage says: a rich state, with everything that a view words differently. */
import { ago } from '../renderer/fixtures/moment.ts';
import { sessionFixture, snapshotFixture } from '../renderer/fixtures/snapshot.ts';
import type { ReplyData, RequestType } from '../shared/control-protocol.ts';
import type { DoctorCheck, TrendSample } from '../shared/control-replies.ts';
import type { ServiceLine, StatusSnapshot } from '../shared/status.ts';
import { configProblems, configText } from './stage-config.ts';

const windowId = 'vscode-window-1';

export function stageSnapshot(now: number): StatusSnapshot {
  const plain = snapshotFixture({}, now);
  const [first] = plain.sessions;
  return {
    ...plain,
    config: { ...plain.config, problems: configProblems },
    self: { cpuPercent: 1.4, rssBytes: 92_400_000, eventLoopDelayMs: 11.3 },
    services: plain.services.map((service) =>
      service.kind === 'mcp_pool'
        ? { ...service, upgrade: { total: 2, done: 1, failed: null, startedAt: ago(now, 8) } }
        : service,
    ),
    instances: plain.instances.map((instance, index) => ({
      ...instance,
      cpuPercent: 2.5 + 9 * index,
      rssBytes: 81_000_000 + 4_000_000 * index,
    })),
    sessions: [
      ...plain.sessions,
      sessionFixture({ sessionId: 'moving', instance: null, moves: 2, errors: 3 }, now),
    ],
    clients: [
      {
        clientId: 'c1',
        windowId,
        pid: 4_711,
        agent: 'Copilot',
        workspace: 'file:///home/dev/project-memory',
        attachedAt: ago(now, 7_200),
        leaseMs: 60_000,
        leaseUntil: ago(now, -42),
        sessionIds: first === undefined ? [] : [first.sessionId],
      },
    ],
    doors: [
      {
        name: 'socket',
        address: '/run/user/1000/project-memory/control.sock',
        state: 'open',
        error: null,
        nextRetryAt: null,
      },
      {
        name: 'tcp',
        address: '127.0.0.1:45470',
        state: 'waiting',
        error: 'Port 45470 belongs to nginx (pid 812).',
        nextRetryAt: ago(now, -14),
      },
    ],
    // A gap: ten events were not received.
    recentEvents: plain.recentEvents.filter(({ id }) => id < 48_190 || id >= 48_200),
  };
}

export function stageReplies(now: number): Partial<{ [Type in RequestType]: ReplyData[Type] }> {
  return {
    Trends: {
      every_ms: 10_000,
      samples: trendSamples(now),
      failovers: [
        { id: 2, at: ago(now, 40), pool: 'mcp', clientName: 'claude-code', to: 'mcp:2' },
        { id: 1, at: ago(now, 4_000), pool: 'mcp', clientName: null, to: 'mcp:1' },
      ],
    },
    Doctor: { checks: doctorChecks },
    Logs: {
      service: 'mcp:1',
      lines: logLines(now),
      next: 41,
      dropped: 0,
      file: '/home/ada/.local/share/ProjectMemory/logs/mcp-1.log',
      problem: null,
    },
    ProcessTree: processTree(now),
    StateEvents: stateEvents(now),
    ListClients: [],
    GetConfig: {
      path: '/home/ada/.config/ProjectMemory/supervisor.toml',
      text: configText,
      hash: '0'.repeat(64),
      running: 'last_good',
      problems: configProblems,
      restart_needed: [],
    },
    ValidateConfig: {
      valid: false,
      problems: configProblems,
      preview: { changes: [], restart_needed: [] },
    },
    ConfigHistory: { versions: [] },
    ConfigSchema: { schema: { type: 'object' } },
  };
}

/** What each process used in the last two minutes: a resting one, and one that works. */
export function stageUsage(now: number): readonly StageUsage[] {
  return Array.from({ length: 60 }, (_none, index): StageUsage => {
    const wave = Math.sin(index / 5) + 0.4 * Math.sin(index * 1.7);
    return {
      at: now - (60 - index) * 2_000,
      services: {
        'mcp:1': { cpuPercent: 2.5 + wave, rssBytes: 81_000_000 + index * 60_000 },
        'mcp:2': { cpuPercent: Math.max(0, 12 + 9 * wave), rssBytes: 85_000_000 + 2e6 * wave },
        indexer: { cpuPercent: Math.max(0, 64 + 20 * wave), rssBytes: 214_000_000 + index * 9e5 },
      },
    };
  });
}

/** What was measured at one moment, by the name of the service. */
export interface StageUsage {
  readonly at: number;
  readonly services: Readonly<
    Record<string, { readonly cpuPercent: number; readonly rssBytes: number }>
  >;
}

function processTree(now: number): ReplyData['ProcessTree'] {
  const startedAt = ago(now, 3 * 3_600);
  const node = { pid: 40_377, parent: 40_001, command: 'node indexer.js --watch', startedAt };
  return [
    { ...node, rssBytes: 190_000_000, cpuPercent: 61 },
    {
      pid: 40_402,
      parent: 40_377,
      command: 'git cat-file --batch',
      rssBytes: 24_000_000,
      cpuPercent: 3.2,
      startedAt: ago(now, 600),
    },
  ];
}

function stateEvents(now: number): ReplyData['StateEvents'] {
  const change = { service: 'indexer', exit: null } as const;
  return [
    { ...change, old_state: 'stopped', new_state: 'starting', reason: 'start', ago: 10_800 },
    { ...change, old_state: 'starting', new_state: 'ready', reason: 'answers', ago: 10_796 },
    { ...change, old_state: 'ready', new_state: 'unhealthy', reason: 'timed out', ago: 70 },
  ].map(({ ago: seconds, ...each }) => ({ ...each, timestamp: now / 1_000 - seconds }));
}

/** An hour with a quiet start, a busy middle, and an outage that cost restarts. */
function trendSamples(now: number): readonly TrendSample[] {
  return Array.from({ length: 360 }, (_none, index): TrendSample => {
    const wave = Math.sin(index / 23) + 1 + 0.35 * Math.sin(index / 3.1);
    const isOut = index > 220 && index < 232;
    const isBusy = index > 60;
    const calls = isOut || !isBusy ? 0 : Math.max(0, wave * 6);
    return {
      at: now - (360 - index) * 10_000,
      events_per_second: Math.max(0, Math.round(wave * 140) / 10),
      sessions: isBusy ? 2 + Math.round(wave) : 1,
      calls_per_second: Math.round(calls * 100) / 100,
      latency_p50_ms: calls === 0 ? null : 4 + wave,
      latency_p99_ms: calls === 0 ? null : 40 + 35 * wave,
      restarts: isOut && index % 4 === 0 ? 2 : 0,
    };
  });
}

const doctorChecks: readonly DoctorCheck[] = [
  {
    name: 'config',
    title: 'Configuration',
    status: 'problem',
    message: 'supervisor.toml has an error in line 14; the last good configuration runs.',
    cure: 'Correct the line in the configuration editor, or restore an earlier version.',
  },
  {
    name: 'ports',
    title: 'Ports and doors',
    status: 'warning',
    message: 'Port 45470 belongs to nginx (pid 812); control over TCP waits for it.',
    cure: 'End that program, or set [supervisor] control_tcp_port to another port.',
  },
  {
    name: 'strays',
    title: 'Processes of earlier runs',
    status: 'ok',
    message: 'None was left behind.',
    cure: null,
  },
  {
    name: 'event_loop',
    title: 'Event loop',
    status: 'ok',
    message: '99 of 100 turns were less than 12 ms late.',
    cure: null,
  },
];

function logLines(now: number): readonly ServiceLine[] {
  return Array.from({ length: 40 }, (_none, index): ServiceLine => {
    const isError = index % 9 === 8;
    return {
      seq: index + 1,
      at: now - (40 - index) * 900,
      stream: isError ? 'stderr' : 'stdout',
      text: isError
        ? '\u001b[31mError: the disk is slow\u001b[0m'
        : `tools/call memory_plan ${index} ok`,
    };
  });
}
