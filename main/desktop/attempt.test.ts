import { expect, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { attempts } from './attempt.ts';

test('a failing part of the user interface is logged with where to look instead', async () => {
  const error = vi.fn();
  const attempt = attempts({ error }, 'http://127.0.0.1:3464/');
  const failure = new Error('No tray.');
  expect(
    attempt('show the tray icon', () => {
      throw failure;
    }),
  ).toBe(false);
  expect(attempt('load the status window', () => Promise.reject(failure))).toBe(true);
  await vi.waitUntil(() => error.mock.calls.length === 2, patience);
  const facts = { err: failure, pageUrl: 'http://127.0.0.1:3464/' };
  const hint = 'The status page is at http://127.0.0.1:3464/';
  expect(error.mock.calls).toEqual([
    [facts, `Could not show the tray icon. ${hint}`],
    [facts, `Could not load the status window. ${hint}`],
  ]);
});
