/**
 * The desktop application as a person meets it: tray, window, second start, quit. It runs as built
 * (`out/`), on a real Electron where there is one, else on the double (`double/electron.ts`).
 */
import { expect } from 'playwright/test';
import { backendName } from './backends.ts';
import type { DesktopApp } from './desktop-app.ts';
import {
  isAlive,
  pidsOf,
  sharedDesktop,
  snapshotThrough,
  test,
  visiblePage,
} from './desktop-fixture.ts';

const allRunning = /^(All )?\d+ services? running\.$/;

/** The first line of the tray menu. */
async function traySentence(app: DesktopApp): Promise<string | undefined> {
  return (await app.tray())?.items.at(0)?.label;
}

async function untilAllRun(app: DesktopApp): Promise<void> {
  await expect.poll(() => traySentence(app), { timeout: 30_000 }).toMatch(allRunning);
}

test.describe(`on ${backendName()}`, () => {
  test.describe('started hidden, one for all', () => {
    const desktop = sharedDesktop();

    test('the tray tells how everything is, and offers what can be done', async () => {
      const { app } = desktop();
      await untilAllRun(app);
      await expect.poll(async () => (await app.tray())?.image).toContain('healthy');
      // The dashboard runs before it listens.
      await expect.poll(async () => (await app.tray())?.toolTip).toContain('Events: ●');
      const tray = await app.tray();
      const [name, sentence, events] = tray?.toolTip.split('\n') ?? [];
      expect(name).toBe('Project Memory Supervisor');
      expect(sentence).toBe(tray?.items.at(0)?.label);
      expect(events).toMatch(/^Events: ● \d+ subscribers?$/);
      for (const label of ['MCP — Running', 'Dashboard — Running']) {
        const service = tray?.items.find((item) => item.label === label);
        expect(service?.items.map((item) => [item.label, item.enabled])).toEqual([
          ['Restart', true],
          ['Start', false],
          ['Stop', true],
        ]);
      }
      expect(tray?.items.at(-1)?.label).toBe('Quit');
      expect(await app.page()).toBeNull();
    });

    test('the tray opens the window, whose page shows the services running', async () => {
      const { app } = desktop();
      expect(await app.page()).toBeNull();
      await app.clickMenu('Open Status Window');
      const page = await visiblePage(app);
      await expect(page.getByText(allRunning).first()).toBeVisible({ timeout: 30_000 });
      await expect(page.getByText('Dashboard').first()).toBeVisible();
    });

    test('a service is restarted from the tray', async () => {
      const { app } = desktop();
      await untilAllRun(app);
      await app.clickMenu('Open Status Window');
      const page = await visiblePage(app);
      const pidOf = async () =>
        (await snapshotThrough(page)).services.find((each) => each.name === 'dashboard')?.pid;
      const before = await pidOf();
      await app.clickMenu('Dashboard — Running', 'Restart');
      await expect.poll(pidOf, { timeout: 30_000 }).not.toBe(before);
      await untilAllRun(app);
    });
  });

  test.describe('started with its window, one for all', () => {
    const desktop = sharedDesktop({ args: [] });

    test('closing the window hides it, and it comes back as it was', async () => {
      const { app } = desktop();
      const page = await visiblePage(app);
      await page.evaluate(() => Reflect.set(globalThis, 'mark', 'the same page'));
      await app.pressClose();
      await expect.poll(() => app.isWindowVisible()).toBe(false);
      await app.clickMenu('Open Status Window');
      const again = await visiblePage(app);
      expect(await again.evaluate(() => Reflect.get(globalThis, 'mark'))).toBe('the same page');
    });

    test('a second start shows the window of the first and ends with 0', async () => {
      const { app } = desktop();
      await visiblePage(app);
      await app.pressClose();
      await expect.poll(() => app.isWindowVisible()).toBe(false);
      expect(await app.startAgain()).toBe(0);
      await visiblePage(app);
    });

    test('S7 the page loads without a word of complaint under its security policy', async () => {
      const { app } = desktop();
      const page = await visiblePage(app);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.reload();
      await expect(page.getByText(allRunning).first()).toBeVisible({ timeout: 30_000 });
      expect(complaints).toEqual([]);
    });
  });

  test('with start_hidden no window comes up, and the tray opens it', async ({ start }) => {
    const app = await start({ args: [], settings: '[desktop]\nstart_hidden = true\n' });
    await untilAllRun(app);
    expect(await app.page()).toBeNull();
    await app.clickMenu('Open Status Window');
    await visiblePage(app);
  });

  test('quitting from the tray ends with 0 and leaves no child', async ({ start }) => {
    const app = await start({ args: [] });
    await untilAllRun(app);
    const pids = pidsOf(await snapshotThrough(await visiblePage(app)));
    expect(pids.length).toBeGreaterThan(0);
    await app.clickMenu('Quit');
    expect(await app.exited).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('SIGTERM means the same orderly quit', async ({ start }) => {
    test.skip(process.platform === 'win32', 'Windows has no SIGTERM.');
    const app = await start();
    await untilAllRun(app);
    app.signal('SIGTERM');
    app.signal('SIGTERM');
    expect(await app.exited).toBe(0);
  });

  test('W31 without a tray the window is there at once, and closing it quits', async ({
    start,
  }) => {
    const app = await start({ env: { PM_DOUBLE_NO_TRAY: '1' } });
    test.skip(app.backend === 'electron', 'Only the double can be without a tray at will.');
    await visiblePage(app);
    await app.pressClose();
    expect(await app.exited).toBe(0);
    expect(app.output).toContain('Could not show the tray icon.');
  });
});
