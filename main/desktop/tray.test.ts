import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Health } from '../../shared/status.ts';
import { overallSentence } from '../../shared/wording.ts';
import type { Attempt } from './attempt.ts';
import { serviceIn, snapshotOf } from './fixtures.ts';
import type { Panel } from './icons.ts';
import { TrayIcon, type TrayPort, toTemplate } from './tray.ts';
import type { TrayItem } from './tray-menu.ts';

const ready = snapshotOf([serviceIn('ready')]);
const failed = snapshotOf([serviceIn('failed')]);
const looping = snapshotOf([serviceIn('crash_loop')]);
const stopped = snapshotOf([{ ...serviceIn('stopped'), onDemand: true }]);

/** The note of a tooltip that says this state's sentence. */
function tooltipOf(snapshot: typeof ready): string {
  return `tooltip ${overallSentence(snapshot)}`;
}

/** A tray that notes what it is told. */
function recordingTray() {
  const told: string[] = [];
  const port: TrayPort<string> = {
    setToolTip: (text) => void told.push(`tooltip ${text.split('\n')[1]}`),
    setImage: (image) => void told.push(`icon ${image}`),
    setMenu: (items) => void told.push(`menu ${items.length}`),
    destroy: () => void told.push('destroy'),
  };
  const problems: unknown[] = [];
  const attempt: Attempt = (_what, step) => {
    try {
      void step();
      return true;
    } catch (error) {
      problems.push(error);
      return false;
    }
  };
  const create = (image: string) => {
    told.push(`create ${image}`);
    return port;
  };
  /** What was told since the last look. */
  const news = () => told.splice(0);
  let panel: Panel = 'light';
  const image = (health: Health, on: Panel) => (on === 'light' ? health : `${health} on dark`);
  const darken = () => {
    panel = 'dark';
  };
  const options = { create, image, panel: () => panel, attempt };
  return { options, news, port, problems, darken };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('W34 the icon appears complete: picture, tooltip and menu', () => {
  const { options, news } = recordingTray();
  new TrayIcon(options, failed);
  expect(news()).toEqual(['create failed', tooltipOf(failed), 'menu 11']);
});

test('of many states in a quarter of a second only the last is shown', () => {
  const { options, news } = recordingTray();
  const tray = new TrayIcon(options, ready);
  news();
  for (let round = 0; round < 100; round += 1) tray.render(round % 2 === 0 ? failed : stopped);
  vi.advanceTimersByTime(249);
  expect(news()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(news()).toEqual([tooltipOf(stopped), 'menu 11']);
});

test('a panel that gets dark gets a picture for dark panels', () => {
  const { options, news, darken } = recordingTray();
  const tray = new TrayIcon(options, ready);
  vi.advanceTimersByTime(1_000);
  news();
  tray.repaint();
  vi.advanceTimersByTime(1_000);
  expect(news()).toEqual([]);
  darken();
  tray.repaint();
  vi.advanceTimersByTime(250);
  expect(news()).toEqual(['icon healthy on dark']);
});

test('W34 the picture follows the health, at most once a second, and the words meanwhile', () => {
  const { options, news } = recordingTray();
  const tray = new TrayIcon(options, ready);
  news();
  tray.render(failed);
  vi.advanceTimersByTime(250);
  expect(news()).toEqual([tooltipOf(failed), 'menu 11']);
  vi.advanceTimersByTime(250);
  tray.render(looping);
  vi.advanceTimersByTime(250);
  expect(news()).toEqual([tooltipOf(looping), 'menu 11']);
  vi.advanceTimersByTime(250);
  expect(news()).toEqual(['icon failed']);
  tray.render(ready);
  vi.advanceTimersByTime(999);
  expect(news()).toEqual([tooltipOf(ready), 'menu 11']);
  vi.advanceTimersByTime(1);
  expect(news()).toEqual(['icon healthy']);
});

test('a state that looks the same leaves the open menu alone', () => {
  const { options, news } = recordingTray();
  const tray = new TrayIcon(options, ready);
  news();
  tray.render({ ...ready, events: { ...ready.events, published: 1_000 } });
  vi.advanceTimersByTime(10_000);
  expect(news()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a tray that fails is reported and the next state is tried again', () => {
  const { options, news, port, problems } = recordingTray();
  const tray = new TrayIcon(options, ready);
  const { setMenu } = port;
  port.setMenu = () => {
    throw new Error('The tray is gone.');
  };
  tray.render(failed);
  vi.advanceTimersByTime(250);
  expect(problems).toEqual([new Error('The tray is gone.')]);
  port.setMenu = setMenu;
  news();
  tray.render(failed);
  vi.advanceTimersByTime(250);
  expect(news()).toEqual(['menu 11']);
});

test('after its end the tray is told nothing', () => {
  const { options, news } = recordingTray();
  const tray = new TrayIcon(options, ready);
  tray.render(failed);
  tray[Symbol.dispose]();
  tray.render(failed);
  news();
  vi.advanceTimersByTime(10_000);
  expect(news()).toEqual([]);
});

test('menu items do what they say, and an ampersand in a name is shown', () => {
  const performed: unknown[] = [];
  const items: readonly TrayItem[] = [
    { kind: 'text', label: 'R&D' },
    { kind: 'submenu', label: 'S', items: [{ kind: 'action', label: 'A', action: null }] },
    { kind: 'action', label: 'Quit', action: { do: 'quit' } },
  ];
  const [text, submenu, quit] = toTemplate(items, (action) => performed.push(action));
  expect(text).toEqual({ label: 'R&&D', enabled: false });
  expect(submenu).toEqual({ label: 'S', submenu: [{ label: 'A', enabled: false }] });
  (quit?.click as (() => void) | undefined)?.();
  expect(performed).toEqual([{ do: 'quit' }]);
});
