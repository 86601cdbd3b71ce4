import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StatusSnapshot } from '../shared/status.ts';
import { freePort } from './free-port.ts';
import { Place, type Settings, startSupervisor } from './harness.ts';
import { isAlive } from './processes.ts';
import { until } from './until.ts';

const rounds = Number(process.env['PM_TEST_ROUNDS'] ?? 2);
const roundMs = 20_000;

/** Starts within moments. */
const bare: Settings = { mcp: { port: 0, enabled: false }, dashboard: { enabled: false } };

const web = `require('node:http').createServer((request, response) => response.end('ok')).listen(process.argv[1], '127.0.0.1')`;

function service({ services }: StatusSnapshot, name: string) {
  const found = services.find((each) => each.name === name);
  if (!found) throw new Error(`no service ${name}`);
  return found;
}

const isUp = ({ services }: StatusSnapshot) =>
  services.every(({ state, onDemand }) => onDemand || state === 'ready');

test.skipIf(process.platform !== 'linux')(
  'F1 a kept service lives through every kill -9 of the supervisor: same process, no restart; a clean end stops it',
  async () => {
    const port = await freePort();
    await using place = await Place.create({
      settings: bare,
      servers: [
        { name: 'mortal', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1e6)'] },
        {
          name: 'kept',
          command: process.execPath,
          args: ['-e', web, String(port)],
          port,
          on_supervisor_exit: 'keep',
        },
      ],
    });
    let pid: number | null = null;
    for (let round = 1; round <= rounds; round += 1) {
      const supervisor = await startSupervisor({ place, isReady: isUp });
      const kept = service(await supervisor.snapshot(), 'kept');
      expect(kept).toMatchObject({ restarts: 0, port });
      pid ??= kept.pid;
      expect(kept.pid).toBe(pid);
      if (round > 1) expect(kept.reason).toMatch(/^adopted/);
      supervisor.process.kill('SIGKILL');
      await until(() => place.survivors().every((each) => each.pid === pid), {
        what: 'the end of everything else',
        timeoutMs: 3_000,
        instead: () => place.survivors(),
      });
      expect(isAlive(pid ?? 0)).toBe(true);
    }
    const last = await startSupervisor({ place, isReady: isUp });
    await last.control({ type: 'Restart', service: 'kept' });
    const renewed = await last.until('a new process', (snapshot) => {
      const kept = service(snapshot, 'kept');
      return kept.state === 'ready' && kept.pid !== pid;
    });
    expect(service(renewed, 'kept')).toMatchObject({ reason: 'running', restarts: 1 });
    expect(await last.stop()).toBe(0);
    expect(place.survivors()).toEqual([]);
    const [family] = await readdir(join(place.folder, 'data', 'adopt'));
    const left = await readdir(join(place.folder, 'data', 'adopt', family ?? ''));
    expect(left.filter((name) => name.endsWith('.json'))).toEqual([]);
  },
  roundMs * (rounds + 1),
);
