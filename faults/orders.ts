/** F15: orders that contradict each other: stop while it starts, restart while it waits, the end in between. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { ControlClient } from '../test/control-client.ts';
import { until } from '../test/until.ts';
import { bare, isReady, script, serviceIn, sleeper } from './cast.ts';
import { type Fault, onlyOnLinux, onlyWithSignals } from './fault.ts';
import type { Stage } from './stage.ts';

/** Never becomes ready. */
const slow = sleeper('slow', { readiness_log: 'never printed' });

async function contradict(stage: Stage): Promise<string> {
  const supervisor = await stage.start({
    settings: bare,
    servers: [
      slow,
      { name: 'broken', command: 'no-such-program-anywhere' },
      sleeper('waits', { depends_on: ['broken'] }),
      sleeper('plain'),
    ],
    isReady: isReady('plain'),
  });
  const { place } = supervisor;
  const ask = (type: string, service: string) =>
    supervisor.client.line(JSON.stringify({ type, service }));
  await supervisor.until('the slow one to start', (it) => serviceIn(it, 'slow').pid !== null);
  await ask('Stop', 'slow');
  await supervisor.until(
    'the stop while it starts',
    (it) => serviceIn(it, 'slow').state === 'stopped',
  );
  // process-compose#530: a restart of what waits for a dependency.
  await ask('Restart', 'waits');
  await ask('Restart', 'waits');
  await supervisor.until('it to wait again', (it) =>
    serviceIn(it, 'waits').reason.startsWith('waits for broken'),
  );
  await ask('Stop', 'waits');
  await supervisor.until('its stop', (it) => serviceIn(it, 'waits').state === 'stopped');
  const orders = Array.from({ length: 60 }, (_, index) =>
    ask(['Start', 'Stop', 'Restart'][index % 3] ?? '', 'plain'),
  );
  const replies = await Promise.all(orders);
  await ask('Start', 'plain');
  await supervisor.until('the last word', isReady('plain'));
  const sleepers = () => place.survivors().filter(({ command }) => command.includes('setInterval'));
  await until(() => sleepers().length === 1, {
    what: 'one process of the service, none of the others',
    instead: sleepers,
  });
  return `a stop during its start, two restarts and a stop while it waited, then ${replies.length} orders at once: every one answered, the last word counted, one process`;
}

async function endInBetween(stage: Stage): Promise<string> {
  const moments: readonly (readonly [string, (text: string) => boolean])[] = [
    ['as soon as its ports are known', () => true],
    ['while services start', (text) => text.includes('starting  service=plain')],
    ['while a service restarts', (text) => text.includes('by hand')],
  ];
  const told: string[] = [];
  for (const [name, isIt] of moments) {
    const place = await stage.place({ servers: [slow, sleeper('plain')] });
    const started = place.spawn();
    await until(() => existsSync(place.portsPath), { what: 'its first sign of life' });
    if (name.includes('restarts')) {
      const supervisor = await until(() => place.ports(), { what: 'its ports' });
      const control = await ControlClient.open(supervisor.control_socket);
      await control.line('{"type":"Restart","service":"plain"}');
      control.close();
    }
    await until(() => isIt(started.output()), { what: name, instead: () => started.output() });
    const since = performance.now();
    started.kill('SIGTERM');
    assert.equal(await started.exited, 0, `${name}: ${started.output()}`);
    assert.deepEqual(place.survivors(), [], name);
    assert.ok(!existsSync(place.portsPath), `${name}: ports.json stayed`);
    told.push(`${name} (${Math.round(performance.now() - since)} ms)`);
  }
  return `the end came ${told.join(', ')}: exit 0, no process, no ports.json left`;
}

/** It does not listen to SIGTERM, and the end has to wait for its grace. */
async function endTwice(stage: Stage): Promise<string> {
  const deaf = script(
    'deaf',
    `process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1e6)`,
    {
      readiness_log: 'deaf',
      stop_grace_ms: 1_000,
    },
  );
  const supervisor = await stage.start({ settings: bare, servers: [deaf] });
  const { process: own, place } = supervisor;
  for (let times = 0; times < 5; times += 1) own.kill(times % 2 === 0 ? 'SIGTERM' : 'SIGINT');
  assert.equal(await own.exited, 0);
  assert.deepEqual(place.survivors(), []);
  return 'SIGTERM and SIGINT five times: one orderly end, exit 0, the deaf service was killed after its grace';
}

export const orders: readonly Fault[] = [
  {
    id: 'F15',
    done: 'stop during a start, restart during a wait for a dependency, sixty orders at once',
    promised: 'each is answered, the last one counts, never two processes of one service',
    isQuick: true,
    lacks: onlyOnLinux,
    run: contradict,
  },
  {
    id: 'F15b',
    done: 'the end comes while it starts, and while a service restarts',
    promised: 'exit 0, nothing left',
    isQuick: false,
    lacks: onlyWithSignals,
    run: endInBetween,
  },
  {
    id: 'F15c',
    done: 'impatient signals while a service does not want to end',
    promised: 'one orderly end, exit 0, nothing left',
    isQuick: false,
    lacks: onlyWithSignals,
    run: endTwice,
  },
];
