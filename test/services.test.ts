/** Services of the configuration, seen from outside: in which order they start and stop, and what is said meanwhile. */
import { expect, test } from 'vitest';
import type { StatusSnapshot } from '../shared/status.ts';
import { type Settings, startSupervisor } from './harness.ts';

/** Starts within moments. */
const bare: Settings = { mcp: { port: 0, enabled: false }, dashboard: { enabled: false } };

const sleeper = (name: string, more: object = {}) => ({
  name,
  command: process.execPath,
  args: ['-e', `console.log('${name} is up'); setInterval(() => {}, 1e6)`],
  ...more,
});

function service({ services }: StatusSnapshot, name: string) {
  const found = services.find((each) => each.name === name);
  if (!found) throw new Error(`no service ${name}`);
  return found;
}

test('W27 a service that takes its time holds nobody up: others run, control answers, the end comes at once', async () => {
  await using supervisor = await startSupervisor({
    settings: bare,
    servers: [sleeper('slow', { readiness_log: 'never printed' }), sleeper('quick')],
    isReady: (snapshot) => service(snapshot, 'quick').state === 'ready',
  });
  expect(service(await supervisor.snapshot(), 'slow')).toMatchObject({ state: 'starting' });
  expect(await supervisor.place.ports()).toMatchObject({ supervisor_pid: supervisor.process.pid });
  const status = await supervisor.control<'Status'>({ type: 'Status' });
  expect(status.find(({ name }) => name === 'slow')?.status).toBe('starting');
  if (process.platform === 'win32') return;
  expect(await supervisor.stop()).toBe(0);
  expect(supervisor.place.survivors()).toEqual([]);
});

test('services start after what they need, say what they wait for, and stop in the reverse order', async () => {
  await using supervisor = await startSupervisor({
    settings: bare,
    servers: [
      sleeper('page', { depends_on: ['api'] }),
      sleeper('api', { depends_on: ['store', 'mcp'] }),
      sleeper('store', { readiness_log: 'store is up' }),
      { name: 'broken', command: 'no-such-program-anywhere' },
      sleeper('hopeful', { depends_on: ['broken'] }),
    ],
    isReady: (snapshot) => service(snapshot, 'page').state === 'ready',
  });
  const reasons = async (name: string) =>
    (await supervisor.control<'StateEvents'>({ type: 'StateEvents', service: name })).map(
      ({ reason }) => reason,
    );
  expect(await reasons('api')).toEqual(['starting', 'waits for store', 'running']);
  expect(await reasons('page')).toContain('waits for api');
  const hopeful = await supervisor.until('the reason of what waits in vain', (snapshot) =>
    service(snapshot, 'hopeful').reason.includes('failed'),
  );
  expect(service(hopeful, 'hopeful')).toMatchObject({
    state: 'starting',
    pid: null,
    reason: expect.stringMatching(/^waits for broken \(failed: command "no-such-program-anywhere"/),
  });
  if (process.platform === 'win32') return;
  expect(await supervisor.stop()).toBe(0);
  const ends = [...supervisor.output().matchAll(/ stopped +service=(\w+)/g)].map(
    ([, name]) => name,
  );
  expect(ends.filter((name) => /page|api|store/.test(name ?? ''))).toEqual([
    'page',
    'api',
    'store',
  ]);
});

test('a crash is told with its exit code, and how long until the next try', async () => {
  await using supervisor = await startSupervisor({
    settings: {
      ...bare,
      reconnect: { initial_delay_ms: 10, max_delay_ms: 60_000, multiplier: 10 },
    },
    servers: [{ name: 'crasher', command: process.execPath, args: ['-e', 'process.exit(3)'] }],
    isReady: (snapshot) => service(snapshot, 'crasher').state === 'crash_loop',
  });
  const { nextRetryAt, lastExit } = service(await supervisor.snapshot(), 'crasher');
  expect(lastExit).toMatchObject({ code: 3, signal: null });
  expect(new Date(nextRetryAt ?? 0).getTime()).toBeGreaterThan(Date.now());
  const events = await supervisor.control<'StateEvents'>({
    type: 'StateEvents',
    service: 'crasher',
  });
  expect(events.at(-1)).toMatchObject({
    old_state: 'ready',
    new_state: 'crash_loop',
    exit: { code: 3, signal: null },
  });
});
