/** Sessions that nobody uses any more, and what their instance hears of it. */
import { expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { makePoolRig, serverScript } from '../pool-rig.test-helper.ts';

/** Takes its time for each farewell; `/farewells` tells how many there were, and how many at once. */
const slowFarewells = serverScript.replace(
  "if (url.pathname === '/seen')",
  `if (url.pathname === '/farewells') return response.end(JSON.stringify(farewells));
  if (request.method === 'DELETE') {
    farewells.now += 1;
    farewells.most = Math.max(farewells.most, farewells.now);
    return setTimeout(() => {
      farewells.now -= 1;
      farewells.done += 1;
      response.end();
    }, 20);
  }
  if (url.pathname === '/seen')`,
);
const farewellScript = `const farewells = { now: 0, most: 0, done: 0 };${slowFarewells}`;

test('W13 hundreds of sessions that are idle at once are all ended at their instance, few at a time', async () => {
  const count = 300;
  await using rig = await makePoolRig({
    minInstances: 1,
    script: farewellScript,
    maxSessionsPerInstance: count,
    sessionIdleMs: 1,
  });
  await rig.pool.start();
  for (let number = 0; number < count; number += 1) rig.openSession(`s${number}`, 'mcp:1');
  await vi.waitFor(() => expect(rig.pool.sessions.size).toBe(0), patience);
  const heard = async () => (await rig.ask(1, '/farewells')) as { most: number; done: number };
  await vi.waitFor(async () => expect((await heard()).done).toBe(count), patience);
  expect((await heard()).most).toBeLessThanOrEqual(16);
});

test('W13 a session that is used again while others are ended lives on', async () => {
  await using rig = await makePoolRig({
    minInstances: 1,
    script: farewellScript,
    sessionIdleMs: 50,
  });
  await rig.pool.start();
  for (let number = 0; number < 60; number += 1) rig.openSession(`s${number}`, 'mcp:1');
  const last = rig.pool.sessions.get('s59');
  await vi.waitFor(() => expect(rig.pool.sessions.size).toBeLessThan(60), {
    ...patience,
    interval: 1,
  });
  if (last) last.inFlight += 1;
  await vi.waitFor(() => expect(rig.pool.sessions.size).toBe(1), patience);
  expect(rig.pool.sessions.get('s59')).toBe(last);
});
