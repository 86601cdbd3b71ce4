/** F16: what shows the supervisor vanishes: the terminal that it was started from, its page. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeArguments } from '../shared/node-arguments.mjs';
import { ControlClient } from '../test/control-client.ts';
import { until } from '../test/until.ts';
import { bare, sleeper, timesIn } from './cast.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const program = join(import.meta.dirname, '..', 'out', 'main', 'headless.js');

async function terminalVanishes(stage: Stage): Promise<string> {
  const place = await stage.place({ settings: bare, servers: [sleeper('one')] });
  const args = [...nodeArguments, program, '--config', place.configPath];
  const started = spawn(process.execPath, args, {
    cwd: place.folder,
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const over = new Promise((resolve) => {
    started.once('exit', (code) => resolve(code));
  });
  stage.defer(async () => {
    started.kill('SIGTERM');
    await over;
  });
  const ports = await until(() => place.ports(), { what: 'its ports' });
  // From now on each line that it prints is an EPIPE.
  started.stdout.destroy();
  started.stderr.destroy();
  const control = await ControlClient.open(ports.control_socket);
  stage.defer(() => control.close());
  for (let times = 0; times < 5; times += 1) {
    await control.line('{"type":"Restart","service":"one"}');
  }
  const isUp = async () => {
    const { services } = await control.send<'Snapshot'>({ type: 'Snapshot' });
    return services.every(({ state }) => state === 'ready');
  };
  await until(isUp, { what: 'the service after its restarts' });
  assert.equal(started.exitCode, null);
  const logFile = join(place.folder, 'data', 'logs', 'supervisor.log');
  const toldBefore = timesIn(await readFile(logFile, 'utf8'), '"ready"');
  await control.line('{"type":"Restart","service":"one"}');
  await until(async () => timesIn(await readFile(logFile, 'utf8'), '"ready"') > toldBefore, {
    what: 'one more start in the log file',
  });
  const second = place.spawn();
  assert.equal(await second.exited, 0);
  assert.match(second.output(), new RegExp(`process ${started.pid}, headless`));
  return `its pipes were closed, its service restarted five times: it runs, writes its log file; a second start says where it is (process ${started.pid})`;
}

export const host: readonly Fault[] = [
  {
    id: 'F16',
    done: 'the tray host goes away and comes back',
    promised: 'the icon is there again; the supervisor never needed it',
    isQuick: true,
    lacks: () =>
      'needs Electron and a desktop with a tray; on doubles of both it is shown in main/desktop/tray-host.test.ts',
    run: async () => '',
  },
  {
    id: 'F16b',
    done: 'the terminal that it was started from goes away: its output is closed',
    promised: 'it runs on, its log goes on in the file, a second start finds it',
    isQuick: true,
    lacks: () => (process.platform === 'win32' ? 'Windows ends it with its console' : null),
    run: terminalVanishes,
  },
];
