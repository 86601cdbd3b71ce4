import { beforeEach, expect, test, vi } from 'vitest';
import type { Attempt } from './attempt.ts';
import { browserInstead } from './browser-instead.ts';
import type { Saying } from './show-notification.ts';

const shown = vi.hoisted(() => ({ sayings: [] as Saying[], isSupported: true }));

vi.mock('./show-notification.ts', () => ({
  showNotification: (saying: Saying) => {
    if (shown.isSupported) shown.sayings.push(saying);
    return shown.isSupported;
  },
}));

beforeEach(() => {
  shown.sayings.length = 0;
  shown.isSupported = true;
});

const attempt: Attempt = (_what, step) => {
  void step();
  return true;
};

function offering(pageUrl: string | null) {
  const open = vi.fn(async () => {});
  return { open, offer: browserInstead({ iconFile: 'i', pageUrl: () => pageUrl, open, attempt }) };
}

test('W31 the page is offered in the browser once, and a click opens it there', () => {
  const { open, offer } = offering('http://127.0.0.1:3464/');
  offer();
  offer();
  expect(shown.sayings).toHaveLength(1);
  expect(shown.sayings[0]?.body).toContain('http://127.0.0.1:3464/');
  shown.sayings[0]?.onClick();
  expect(open).toHaveBeenCalledWith('http://127.0.0.1:3464/');
});

test('W31 while the page for browsers is off, the log is named instead', () => {
  const { open, offer } = offering(null);
  offer();
  expect(shown.sayings[0]?.body).toContain('The log says why.');
  shown.sayings[0]?.onClick();
  expect(open).not.toHaveBeenCalled();
});

test('what the system could not show is said at the next occasion', () => {
  const { offer } = offering('http://127.0.0.1:3464/');
  shown.isSupported = false;
  offer();
  shown.isSupported = true;
  offer();
  expect(shown.sayings).toHaveLength(1);
});
