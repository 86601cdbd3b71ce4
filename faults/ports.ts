/** F4: a port that is needed belongs to somebody else: another program, or a process that we lost. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { freePort } from '../test/free-port.ts';
import { isAlive } from '../test/processes.ts';
import { until } from '../test/until.ts';
import { bare, isReady, script, serviceIn, webServer } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

async function gatewayTaken(stage: Stage): Promise<string> {
  const stranger = await stage.stranger();
  const place = await stage.place({ settings: { mcp: { port: stranger.port } } });
  const started = place.spawn();
  assert.equal(await started.exited, 1);
  const said = /cannot start: .*/.exec(started.output())?.[0] ?? '';
  assert.match(said, new RegExp(`Port ${stranger.port} .*in use by .*\\(pid ${process.pid}\\)`));
  assert.ok(await stranger.isWell(), 'the stranger was harmed');
  assert.deepEqual(place.survivors(), []);
  return `exit 1, "${said}"; the stranger answers`;
}

async function othersTaken(stage: Stage): Promise<string> {
  const [base, own] = [await stage.stranger(), await stage.stranger()];
  const supervisor = await stage.start({
    settings: {
      dashboard: { port: 0, enabled: false },
      'mcp.pool': { base_port: base.port },
    },
    servers: [webServer('web', own.port)],
    isReady: (it) => it.instances[0]?.state === 'ready' && serviceIn(it, 'web').state === 'failed',
  });
  const snapshot = await supervisor.snapshot();
  const instance = snapshot.instances[0]?.port ?? 0;
  assert.notEqual(instance, base.port);
  const { reason, restarts } = serviceIn(snapshot, 'web');
  assert.match(reason, new RegExp(`Port ${own.port} .*in use by .*\\(pid ${process.pid}\\)`));
  assert.equal(restarts, 0);
  assert.ok((await base.isWell()) && (await own.isWell()), 'a stranger was harmed');
  await own[Symbol.asyncDispose]();
  await supervisor.control<'Start'>({ type: 'Start', service: 'web' });
  await supervisor.until('the service, now that its port is free', isReady('web'));
  return `the pool took ${instance} instead of ${base.port}; the service said "${reason}", and ran when the port was free`;
}

/** Between two runs of a service: it ends, and a stranger is quicker. */
async function takenBetween(stage: Stage): Promise<string> {
  const port = await freePort();
  const supervisor = await stage.start({
    // The second try comes after half a second.
    settings: { ...bare, reconnect: { initial_delay_ms: 500, jitter_ratio: 0 } },
    servers: [webServer('web', port, { start_timeout_ms: 2_000 })],
  });
  const { pid } = serviceIn(await supervisor.snapshot(), 'web');
  await supervisor.control<'Stop'>({ type: 'Stop', service: 'web' });
  await supervisor.until('its end', (it) => serviceIn(it, 'web').state === 'stopped');
  const stranger = await stage.stranger(port);
  await supervisor.control<'Start'>({ type: 'Start', service: 'web' });
  const taken = await supervisor.until(
    'the problem',
    (it) => serviceIn(it, 'web').state === 'failed',
  );
  const { reason } = serviceIn(taken, 'web');
  assert.match(reason, /in use by/);
  assert.ok(await stranger.isWell());
  await stranger[Symbol.asyncDispose]();
  await supervisor.control<'Restart'>({ type: 'Restart', service: 'web' });
  const back = await supervisor.until('the service again', isReady('web'));
  assert.notEqual(serviceIn(back, 'web').pid, pid);
  return `"${reason}"; it ran again when the stranger was gone`;
}

/** A child that made itself a daemon outlives supervisor and guardian, which are killed together. */
async function ownOrphan(stage: Stage): Promise<string> {
  const port = await freePort();
  const listen = `require('node:http').createServer((_, response) => response.end('ok')).listen(${port}, '127.0.0.1')`;
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(listen)}], { detached: true, stdio: 'ignore' }); setInterval(() => {}, 1e6)`;
  const place = await stage.place({
    settings: bare,
    servers: [script('daemon', parent, { port })],
  });
  const first = await stage.start({ place, isReady: isReady('daemon') });
  const { pid } = serviceIn(await first.snapshot(), 'daemon');
  const own = first.process.pid;
  // The guardian has an environment of its own, which does not say that it is of this place.
  const children = await readFile(`/proc/${own}/task/${own}/children`, 'latin1');
  const all = [own, ...children.trim().split(' ').map(Number)];
  const orphan = place
    .survivors()
    .find((each) => each.command.includes('createServer') && each.pid !== pid);
  assert.ok(orphan, 'there is no daemon');
  // At once: none of them has a chance to end the others.
  for (const each of all) process.kill(each, 'SIGSTOP');
  for (const each of all) process.kill(each, 'SIGKILL');
  await until(() => place.survivors().length === 1, { what: 'the orphan to be alone' });
  const second = await stage.start({ place, isReady: isReady('daemon') });
  assert.ok(!isAlive(orphan.pid), 'the orphan still lives');
  assert.match(second.output(), /ended processes that an earlier run left/);
  return `orphan ${orphan.pid} was ended by the next start, which had its port ${port}`;
}

export const ports: readonly Fault[] = [
  {
    id: 'F4',
    done: "the gateway's port belongs to another program",
    promised: 'exit 1, that program is named with its process id and lives on',
    isQuick: false,
    lacks: onlyOnLinux,
    run: gatewayTaken,
  },
  {
    id: 'F4b',
    done: "the pool's first port and a service's port belong to another program",
    promised: 'the pool takes the next one; the service says who has it, and runs when it is free',
    isQuick: true,
    lacks: onlyOnLinux,
    run: othersTaken,
  },
  {
    id: 'F4c',
    done: 'another program takes a port between two runs of its service',
    promised: 'the cause is told instead of a crash loop; by hand it runs again',
    isQuick: false,
    lacks: onlyOnLinux,
    run: takenBetween,
  },
  {
    id: 'F4d',
    done: 'a daemon of a service outlives supervisor and guardian, killed together, and keeps the port',
    promised: 'the next start ends it, nobody else, and has the port',
    isQuick: false,
    lacks: onlyOnLinux,
    run: ownOrphan,
  },
];
