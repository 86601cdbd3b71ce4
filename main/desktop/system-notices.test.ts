import { beforeEach, expect, test, vi } from 'vitest';
import { serviceIn, snapshotOf } from './fixtures.ts';
import { systemNotices } from './system-notices.ts';

const shown = vi.hoisted((): string[] => []);

vi.mock('electron', () => ({
  Notification: class {
    static isSupported = () => true;
    readonly #title: string;
    constructor({ title }: { readonly title: string }) {
      this.#title = title;
    }
    on() {
      return this;
    }
    show() {
      shown.push(this.#title);
    }
  },
}));

beforeEach(() => {
  shown.length = 0;
});

function notices(isWanted: () => boolean) {
  const first = snapshotOf([serviceIn('ready')]);
  return systemNotices({ first, iconFile: 'icon.png', isWanted, onClick: () => {} });
}

test('a failure becomes a notification of the system', () => {
  notices(() => true)(snapshotOf([serviceIn('failed')]));
  expect(shown).toEqual(['MCP: failed']);
});

test('with [desktop] notifications off nothing is shown, and no old news once they are on', () => {
  let wanted = false;
  const next = notices(() => wanted);
  next(snapshotOf([serviceIn('failed')]));
  wanted = true;
  next(snapshotOf([serviceIn('failed')]));
  expect(shown).toEqual([]);
});
