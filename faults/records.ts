/** F8: what was written down about a process is no longer true: its number was given to another one. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf } from '../main/supervisor/services/process-identity.ts';
import { freePort } from '../test/free-port.ts';
import type { Place } from '../test/harness.ts';
import { isAlive } from '../test/processes.ts';
import { until } from '../test/until.ts';
import { bare, isReady, serviceIn, webServer } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

async function changeRecord(place: Place, change: object): Promise<void> {
  const adopt = join(place.folder, 'data', 'adopt');
  const [family = ''] = await readdir(adopt);
  const path = join(adopt, family, 'kept.json');
  const record = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...record, ...change }));
}

async function lieAboutKept(stage: Stage): Promise<string> {
  const port = await freePort();
  const place = await stage.place({
    settings: bare,
    servers: [webServer('kept', port, { on_supervisor_exit: 'keep' })],
  });
  const stranger = await stage.program('sleep', ['1000']);
  const identity = await identityOf(stranger.pid ?? 0);
  const lies: readonly (readonly [string, object])[] = [
    ["a stranger's process id, start time and boot", { ...identity }],
    ['a former boot', { bootId: 'another-boot' }],
    ['a process id that was given away', { startTime: '1' }],
  ];
  let pid = 0;
  for (const [what, lie] of [...lies, ['nothing more', {}] as const]) {
    const supervisor = await stage.start({ place, isReady: isReady('kept') });
    const kept = serviceIn(await supervisor.snapshot(), 'kept');
    if (pid !== 0) {
      assert.notEqual(kept.pid, pid, 'it was taken over on the word of a wrong record');
      assert.ok(!isAlive(pid), 'the process that the record was about lives on beside the new one');
      assert.equal(kept.reason, 'running');
    }
    assert.ok(isAlive(stranger.pid ?? 0), 'the stranger was ended');
    pid = kept.pid ?? 0;
    supervisor.process.kill('SIGKILL');
    await until(() => place.survivors().every((each) => each.pid === pid), {
      what: 'the end of the others',
    });
    if (what !== 'nothing more') await changeRecord(place, lie);
  }
  return `${lies.length} wrong records (${lies.map(([what]) => what).join('; ')}): never taken over, the old process ended, the stranger ${stranger.pid} untouched`;
}

/** The lock names a process that is not ours: it is the kernel's word that counts. */
async function lieAboutHolder(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare });
  const first = await stage.start({ place });
  first.process.kill('SIGKILL');
  await first.process.exited;
  const stranger = await stage.program('sleep', ['1000']);
  const folder = join(place.folder, 'run', 'project-memory-supervisor');
  const file = (await readdir(folder)).find((name) => name.endsWith('.lock.pid')) ?? '';
  await writeFile(join(folder, file), `${stranger.pid}\n`);
  const second = await stage.start({ place });
  assert.ok(isAlive(stranger.pid ?? 0), 'the stranger was ended');
  return `the lock named stranger ${stranger.pid}; supervisor ${second.process.pid} started, the stranger lives`;
}

export const records: readonly Fault[] = [
  {
    id: 'F8',
    done: 'the record of a kept process names a stranger, a former boot, another start time',
    promised:
      'it is not believed: the stranger is left alone, what is ours is ended and started anew',
    isQuick: false,
    lacks: onlyOnLinux,
    run: lieAboutKept,
  },
  {
    id: 'F8b',
    done: 'the lock of a killed supervisor names a process id that a stranger has now',
    promised: 'the next start has the lock; the stranger is left alone',
    isQuick: false,
    lacks: onlyOnLinux,
    run: lieAboutHolder,
  },
];
