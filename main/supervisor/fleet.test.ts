/** A changed configuration and real processes: what it is not about runs on. */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Config, configSchema } from '../../shared/config-schema.ts';
import { freePort } from '../../test/free-port.ts';
import { patience } from '../../test/patience.ts';
import { Fleet } from './fleet.ts';
import { createUpstreamAgent } from './gateway/forward.ts';
import type { LaunchContext } from './launches.ts';
import { planChanges, servicePlans } from './service-plans.ts';
import { OutputRing } from './services/output.ts';
import { ProcessHost } from './services/process-host.ts';

const logger = pino({ level: 'silent' });

let config: Config;
let fleet: Fleet;
let processes: ProcessHost;
let agent: ReturnType<typeof createUpstreamAgent>;

beforeEach(() => {
  processes = new ProcessHost(`test${process.pid}`, randomUUID().slice(0, 8), logger);
  agent = createUpstreamAgent();
});
afterEach(async () => {
  await fleet.stopClients('test over');
  await fleet.stopPools('test over');
  await agent.destroy();
  processes.close();
});

const bare = {
  mcp: { enabled: false },
  dashboard: { enabled: false },
  interactive_terminal: { enabled: false },
};

function parsed(servers: readonly object[], more: object = {}): Config {
  return configSchema.parse({ ...bare, ...more, servers });
}

/** A fleet that runs these servers. */
async function running(servers: readonly object[]): Promise<void> {
  config = parsed(servers);
  fleet = new Fleet({
    context: contextOf(() => config),
    plans: servicePlans(config, ''),
    processes,
    family: 'test',
    keeper: null,
    agent,
    logger,
    webhook: () => null,
    events: () => null,
    pageUrl: () => null,
    output: () => new OutputRing(),
    onTransition: () => {},
    onChange: () => {},
  });
  await fleet.start();
}

function contextOf(now: () => Config): LaunchContext {
  return {
    get config() {
      return now();
    },
    bundled: {
      node: process.execPath,
      memoryServer: '',
      dashboard: '',
      stdioBridge: '',
      journalThread: '',
    },
    dataDir: '/nowhere',
    env: process.env,
    folder: (folder) => folder,
  };
}

/** As live-config.ts does it; waits until all is done, too. */
async function change(next: Config): Promise<void> {
  const changes = planChanges(servicePlans(config, ''), servicePlans(next, ''), () => false);
  config = next;
  const begun = await fleet.apply(changes);
  await Promise.all(begun.map(({ done }) => done));
}

const sleeper = (name: string, more: object = {}) => ({
  name,
  command: process.execPath,
  args: ['-e', 'setInterval(() => {}, 1e6)'],
  ...more,
});

/** Listens on a port and nothing else. */
const listener = (name: string, port: number, more: object = {}) => ({
  name,
  command: process.execPath,
  args: ['-e', `require('node:net').createServer().listen(${port}, '127.0.0.1')`],
  port,
  ...more,
});

function pids(): Record<string, number | null> {
  const all = fleet.services().map((service) => service.status());
  return Object.fromEntries(all.map(({ name, pid }) => [name, pid]));
}

function status(name: string) {
  return fleet.byName(name).status();
}

test('one of three changes, one goes, one comes: what stays keeps its process', async () => {
  await running([sleeper('stays'), sleeper('changes'), sleeper('goes')]);
  const before = pids();
  await change(
    parsed([sleeper('comes'), sleeper('changes', { env: { A: '1' } }), sleeper('stays')]),
  );
  const after = pids();
  expect(Object.keys(after)).toEqual(['comes', 'changes', 'stays']);
  expect(after['stays']).toBe(before['stays']);
  expect(after['changes']).not.toBe(before['changes']);
  expect(after['comes']).toBeTypeOf('number');
  expect(() => process.kill(before['goes'] ?? 0, 0)).toThrow('ESRCH');
  // It is the same service as before, with its past.
  expect(fleet.byName('changes').history.map(({ to }) => to)).toEqual([
    'starting',
    'ready',
    'stopping',
    'stopped',
    'starting',
    'ready',
  ]);
  expect(() => fleet.byName('goes')).toThrow(/Known: comes, changes, stays/);
});

test('policies and deadlines change under a process that runs on', async () => {
  await running([sleeper('one', { stop_grace_ms: 60_000 })]);
  const before = pids();
  const next = { restart_policy: 'never_restart', stop_grace_ms: 100 };
  await change(parsed([sleeper('one', next)], { reconnect: { max_attempts: 1 } }));
  expect(pids()).toEqual(before);
  process.kill(before['one'] ?? 0, 'SIGKILL');
  // It would be started again at once by the old policy.
  await vi.waitFor(() => expect(status('one').state).toBe('failed'), patience);
});

test('two services swap their ports', async () => {
  const [first, second] = [await freePort(), await freePort()];
  // One of them takes its time to end, and with it its port.
  const slow = {
    env: { NODE_OPTIONS: '--import=data:text/javascript,process.on("SIGTERM",()=>{})' },
  };
  const grace = { stop_grace_ms: 500 };
  await running([listener('a', first), listener('b', second, { ...slow, ...grace })]);
  await change(parsed([listener('a', second), listener('b', first, grace)]));
  expect([status('a'), status('b')]).toMatchObject([
    { state: 'ready', port: second },
    { state: 'ready', port: first },
  ]);
});

test('a service that was stopped by hand stays stopped, and starts with the new program', async () => {
  await running([sleeper('one')]);
  await fleet.byName('one').stop('by hand');
  await change(parsed([listener('one', await freePort())]));
  expect(status('one')).toMatchObject({ state: 'stopped', reason: 'by hand' });
  await fleet.byName('one').start();
  expect(status('one').port).toBe(config.servers[0]?.port);
});

test('one that failed for good is tried again when its program changes', async () => {
  await running([{ name: 'one', command: 'no-such-program-anywhere' }]);
  expect(status('one').state).toBe('failed');
  await change(parsed([sleeper('one')]));
  expect(status('one').state).toBe('ready');
});

test('who starts or restarts a service while it is being removed or changed starts nothing twice', async () => {
  const slow = { stop_grace_ms: 1_000 };
  const stubborn = (name: string, more: object = {}) => ({
    ...sleeper(name, { ...slow, ...more }),
    args: ['-e', "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1e6)"],
    readiness_log: 'up',
  });
  await running([stubborn('goes'), stubborn('changes')]);
  const restarted = fleet.byName('goes').restart('by hand');
  const changed = change(parsed([stubborn('changes', { env: { A: '1' } })]));
  const [started, again] = [
    fleet.byName('changes').start(),
    fleet.byName('changes').restart('by hand'),
  ];
  await expect(restarted).rejects.toThrow('Goes: the configuration changed');
  // The start may be overtaken by the restart; what counts is what is left.
  await Promise.allSettled([changed, started, again]);
  expect(status('changes').state).toBe('ready');
  expect(Object.keys(pids())).toEqual(['changes']);
  await change(parsed([]));
  expect(await processes.endStrays([])).toBe(0);
});

test('after the end has begun no configuration is applied', async () => {
  await running([sleeper('one')]);
  const ended = fleet.stopClients('test over');
  await change(parsed([sleeper('one'), sleeper('two')]));
  await ended;
  expect(pids()).toEqual({ one: null });
});

test('a service becomes an MCP server and back: the old thing ends first', async () => {
  await running([sleeper('one')]);
  const before = pids()['one'] ?? 0;
  const server = {
    name: 'one',
    command: process.execPath,
    args: [
      '-e',
      "require('node:http').createServer((_, r) => r.end('{}')).listen(process.argv[1], '127.0.0.1')",
      '{port}',
    ],
    mcp: true,
    base_port: await freePort(),
  };
  await change(parsed([server]));
  expect(() => process.kill(before, 0)).toThrow('ESRCH');
  expect([...fleet.pools.keys()]).toEqual(['one']);
  expect(status('one')).toMatchObject({ kind: 'mcp_pool', state: 'ready' });
  // The next one where somebody has that by now.
  expect((status('one').port ?? 0) - server.base_port).toBeLessThan(200);
  expect(status('one').port).toBeGreaterThanOrEqual(server.base_port);
  await change(parsed([sleeper('one')]));
  expect([fleet.pools.size, status('one').kind, status('one').state]).toEqual([
    0,
    'server',
    'ready',
  ]);
});

test('what a service needs may change, too: who waits looks again', async () => {
  const stuck = sleeper('needed', { readiness_log: 'never printed' });
  await running([]);
  const changed = change(parsed([stuck, sleeper('waits', { depends_on: ['needed'] })])).catch(
    () => {},
  );
  await vi.waitFor(() => expect(status('waits').reason).toBe('waits for needed'), patience);
  await change(parsed([stuck, sleeper('waits')]));
  await vi.waitFor(() => expect(status('waits').state).toBe('ready'), patience);
  await fleet.byName('needed').stop('test over');
  await changed;
});

test('the status of a service says what is run, with the names of its variables only', async () => {
  const env = { SEARCH_TOKEN: 'hunter2', SEARCH_DEPTH: '2' };
  await running([sleeper('search', { env, working_dir: '/' })]);
  const status = fleet.byName('search').status();
  expect(status.program).toEqual({
    command: process.execPath,
    args: ['-e', 'setInterval(() => {}, 1e6)'],
    workingDir: '/',
    variables: ['SEARCH_DEPTH', 'SEARCH_TOKEN'],
  });
  expect(JSON.stringify(status)).not.toContain('hunter2');
});
