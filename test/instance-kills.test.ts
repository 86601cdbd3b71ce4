import { expect, test } from 'vitest';
import { runKills } from '../conformance/endurance/kills.ts';

test('W17 50 sessions on 4 real instances that are killed at random: no read fails, no session is lost', {
  timeout: 60_000,
}, async () => {
  const { kills, reads, sends, lost, faults } = await runKills({
    seconds: 4,
    sessions: 50,
    instances: 4,
  });
  expect(faults).toEqual([]);
  expect(lost).toBe(0);
  expect(kills).toBeGreaterThan(3);
  expect(Math.min(reads, sends)).toBeGreaterThan(50);
});
