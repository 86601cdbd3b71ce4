import { expect, test, vi } from 'vitest';
import { startRig } from '../gateway-rig.test-helper.ts';

test('a session whose new homes die one after another is not made to wait longer each time', {
  timeout: 30_000,
}, async () => {
  const instances = 8;
  await using rig = await startRig({ instances });
  const id = await rig.initialize();
  expect(rig.homeNumber(id)).toBe(1);
  // All but the last die while the session is opened there again.
  for (let number = 2; number < instances; number += 1) {
    rig.upstream(number).answer = () => void rig.service(number).crash();
  }
  const begun = performance.now();
  await rig.service(1).crash();
  await vi.waitFor(() => expect(rig.homeNumber(id)).toBe(instances), { timeout: 25_000 });
  // Six pauses of 200 ms; had they doubled, it were seven seconds.
  expect(performance.now() - begun).toBeLessThan(5_000);
});
