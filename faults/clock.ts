/** F6: the clock on the wall is set, forwards and back, with libfaketime; the monotonic clock goes on. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../test/free-port.ts';
import { makePlan } from '../test/mcp-clients.ts';
import { emit, type isReady, processesIn, script, serviceIn, webServer } from './cast.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

/** Where distributions put it. */
function findLibrary(): string | null {
  if (process.platform !== 'linux') return null;
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'faketime'));
  for (const folder of [...folders, '/usr/lib/faketime', '/usr/local/lib/faketime']) {
    const name = 'libfaketime.so.1';
    try {
      if (readdirSync(folder).includes(name)) return join(folder, name);
    } catch {
      // It is not there.
    }
  }
  return null;
}

const library = findLibrary();

const hour = 3_600;
const year = 365 * 24 * hour;
const jumps: readonly (readonly [string, number])[] = [
  ['+1 h', hour],
  ['-1 h', -hour],
  ['+1 year', year],
  ['-1 year', -year],
];

/** Long enough for a few probes of the service below. */
const lookMs = 700;

/** The next try of the service that ends comes after so long, whatever the clock says. */
const retryMs = 5_000;
/** A loaded machine is late, but not early. */
const retryToleranceMs = 1_500;

interface Clock {
  /** Seconds beside the real time. */
  set(offset: number): Promise<void>;
  readonly env: Readonly<Record<string, string>>;
}

function clockIn(folder: string): Clock {
  const file = join(folder, 'clock');
  return {
    set: (offset) => writeFile(file, `${offset < 0 ? '' : '+'}${offset}`),
    env: {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  };
}

async function jump(stage: Stage): Promise<string> {
  // The clock's file is there before the place whose programs read it.
  const clock = clockIn((await stage.place()).folder);
  await clock.set(0);
  const port = await freePort();
  const place = await stage.place({
    env: clock.env,
    settings: { 'mcp.pool': { min_instances: 2, base_port: 0 } },
    servers: [webServer('web', port)],
  });
  const supervisor = await stage.start({ place });
  const client = await stage.client(supervisor, 'agent');
  const stream = await stage.subscriber(supervisor);
  const before = processesIn(await supervisor.snapshot());
  let last = 0;
  for (const [name, offset] of jumps) {
    await clock.set(offset);
    const id = await emit(supervisor, name);
    assert.ok(id > last, `${name}: id ${id} after ${last}`);
    last = id;
    const { planId } = await makePlan(client, `/work/${offset}`);
    await stream.until(`the event of the tool, ${name}`, ({ data }) => data.includes(planId));
    await delay(lookMs);
    assert.deepEqual(processesIn(await supervisor.snapshot()), before, `${name}: restarted`);
  }
  const years = stream.events
    .filter(({ type }) => type === 'message')
    .map(({ data }) => (JSON.parse(data) as { data: { timestamp: string } }).data.timestamp);
  const spread = new Set(years.map((each) => each.slice(0, 4)));
  assert.ok(spread.size > 1, 'the clock did not jump at all');
  const ids = stream.events.map(({ lastEventId }) => Number(lastEventId));
  assert.deepEqual(
    ids,
    ids.toSorted((one, other) => one - other),
    'ids went back',
  );
  assert.ok(!stream.events.some(({ type }) => type === 'gap'), 'a gap');
  // The clock stands a year back: a new start must not use ids again.
  assert.equal(await supervisor.stop(), 0);
  const next = await stage.start({ place });
  const id = await emit(next, 'after a restart');
  assert.ok(id > Math.max(...ids), `id ${id} after ${Math.max(...ids)}`);
  return `${jumps.length} jumps, ${Object.keys(before).length} processes the same, ${ids.length} events in order from ${[...spread].toSorted().join(' and ')}, webhooks accepted, restart a year back goes on at id ${id}`;
}

async function jumpDuringBackOff(stage: Stage): Promise<string> {
  const clock = clockIn((await stage.place()).folder);
  await clock.set(0);
  const place = await stage.place({
    env: clock.env,
    settings: {
      mcp: { port: 0, enabled: false },
      dashboard: { port: 0, enabled: false },
      reconnect: { initial_delay_ms: retryMs, max_delay_ms: retryMs, jitter_ratio: 0 },
    },
    servers: [script('ends', 'process.exit(1)')],
  });
  const waits = (restarts: number) => (it: Parameters<ReturnType<typeof isReady>>[0]) => {
    const service = serviceIn(it, 'ends');
    return service.restarts >= restarts && service.nextRetryAt !== null;
  };
  const supervisor = await stage.start({ place, isReady: waits(1) });
  const told: string[] = [];
  for (const [name, offset] of jumps.slice(2)) {
    const { restarts } = serviceIn(await supervisor.snapshot(), 'ends');
    const since = performance.now();
    await clock.set(offset);
    await supervisor.until('the next try', waits(restarts + 1), retryMs * 4);
    const afterMs = Math.round(performance.now() - since);
    assert.ok(
      afterMs <= retryMs + retryToleranceMs,
      `${name}: the next try came after ${afterMs} ms`,
    );
    const { restarts: now } = serviceIn(await supervisor.snapshot(), 'ends');
    assert.equal(now, restarts + 1, `${name}: a storm of tries`);
    told.push(`${name}: after ${afterMs} ms`);
  }
  return `the try that was due within ${retryMs} ms came, once: ${told.join(', ')}`;
}

const lacks = () =>
  library === null ? 'needs libfaketime (apt-get install faketime), on Linux' : null;

export const clock: readonly Fault[] = [
  {
    id: 'F6',
    done: 'the clock jumps an hour and a year, forwards and back, during work; then a restart a year back',
    promised:
      'no restart, no lost session; webhooks stay valid; event ids only grow, over the restart too',
    isQuick: false,
    lacks,
    run: jump,
  },
  {
    id: 'F6b',
    done: 'the clock jumps a year while a service waits for its next try',
    promised: 'the try comes neither earlier nor later, and once',
    isQuick: false,
    lacks,
    run: jumpDuringBackOff,
  },
];
