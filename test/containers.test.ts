/** The pool in containers, with the whole program and an engine that is a script: none was run here. */
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeEngine } from '../main/supervisor/services/fake-engine.test-helper.ts';
import { Place, startSupervisor } from './harness.ts';

const settings = {
  dashboard: { enabled: false, port: 0 },
  mcp: { backend: 'container', port: 0 },
  'mcp.container': { engine: 'docker', image: 'plain' },
  'mcp.pool': { base_port: 0, min_instances: 2 },
};

test('two instances are two containers, stopped and removed with the supervisor', async () => {
  await using engine = await FakeEngine.create();
  const path = [join(engine.folder, 'bin'), process.env['PATH']].join(delimiter);
  await using place = await Place.create({
    settings,
    env: { PATH: path, FAKE_ENGINE_FOLDER: engine.folder },
  });
  await using supervisor = await startSupervisor({ place });
  const { instances } = await supervisor.snapshot();
  expect(instances.map(({ state }) => state)).toEqual(['ready', 'ready']);
  expect(await engine.containers()).toHaveLength(2);
  // Whatever no route of the gateway takes goes to the first instance.
  expect(await (await fetch(`${supervisor.gatewayUrl}/anything?x=1`)).text()).toBe('/anything?x=1');
  expect(await supervisor.stop()).toBe(0);
  expect(await engine.containers()).toEqual([]);
});

test('containers survive a kill -9 of the supervisor, and the next start removes them', async () => {
  await using engine = await FakeEngine.create();
  const path = [join(engine.folder, 'bin'), process.env['PATH']].join(delimiter);
  await using place = await Place.create({
    settings,
    env: { PATH: path, FAKE_ENGINE_FOLDER: engine.folder },
  });
  const first = await startSupervisor({ place });
  const [name = ''] = await engine.containers();
  const left = await engine.pidOf(name);
  first.process.kill('SIGKILL');
  await first.process.exited;
  expect(await engine.containers()).toHaveLength(2);
  await using _second = await startSupervisor({ place });
  expect(await engine.pidOf(name)).not.toBe(left);
  expect((await engine.asked()).map(({ args }) => args.slice(0, 2))).toContainEqual([
    'rm',
    '--force',
  ]);
});

test('without an engine the pool has failed, with the cure in words', async () => {
  await using supervisor = await startSupervisor({
    settings,
    env: { PATH: '/nonexistent' },
    isReady: ({ instances }) => instances.some(({ state }) => state === 'failed'),
  });
  const { services } = await supervisor.snapshot();
  const mcp = services.find(({ name }) => name === 'mcp');
  expect(`${mcp?.reason} ${mcp?.lastError}`).toMatch(/"docker" was not found\. Install Docker/);
});
