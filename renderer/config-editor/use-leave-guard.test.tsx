// @vitest-environment happy-dom
import { cleanup, renderHook } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { createFakeConfig } from './config-session.test-helper.ts';
import { ConfigSession } from './config-session.ts';
import { useLeaveGuard } from './use-leave-guard.ts';

afterEach(cleanup);

/** Tries to leave the page; true if that was held up. */
function isHeldUp(): boolean {
  return !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
}

test('leaving is held up, and asked about, exactly while there are changes', async () => {
  const session = new ConfigSession(createFakeConfig('a = 1').bridge);
  await session.refresh();
  const ask = vi.fn();
  renderHook(() => useLeaveGuard(session, ask));
  expect(isHeldUp()).toBe(false);
  session.edit('a = 2');
  expect(isHeldUp()).toBe(true);
  expect(ask).toHaveBeenCalledOnce();
  // At once, not with the next drawing: the window closes in the same breath.
  session.discard();
  expect(isHeldUp()).toBe(false);
});
