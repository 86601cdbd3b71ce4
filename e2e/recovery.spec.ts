/**
 * The user interface fails, the supervisor runs on and says where to look (old weaknesses W31 and W32): a
 * page that crashes, does not load or stays dead, a tray that nobody draws.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'playwright/test';
import { backendName } from './backends.ts';
import { brokenBuild } from './broken-build.ts';
import type { DesktopApp } from './desktop-app.ts';
import {
  isAlive,
  pidsOf,
  sharedDesktop,
  snapshotThrough,
  test,
  visiblePage,
} from './desktop-fixture.ts';
import type { DoubleApp } from './double/launch.ts';

const offer = 'The window could not be shown; the supervisor runs on';

/** What the double has noted of one kind. */
function noted<Value>(double: DoubleApp, kind: string): readonly Value[] {
  return double.records.filter((each) => each.kind === kind).map(({ value }) => value as Value);
}

/** How often the browser was offered instead of the window. */
function offers(double: DoubleApp): readonly string[] {
  return noted<{ title: string; body: string }>(double, 'notification')
    .filter(({ title }) => title === offer)
    .map(({ body }) => body);
}

function needDouble(app: DesktopApp): DoubleApp {
  const { double } = app;
  test.skip(double === null, 'Only the double can be broken at will.');
  if (double === null) throw new Error('There is no double.');
  return double;
}

/** The sentence of the log, and the address that it must name; a silent page is given ten seconds first. */
function says(app: DesktopApp, sentence: string) {
  return expect
    .poll(() => app.output, { timeout: 40_000 })
    .toMatch(new RegExp(`${sentence}\\. The status page is at http://127\\.0\\.0\\.1:\\d+/`));
}

/** The services run, as asked over the tray, which needs no window. */
async function untilTrayIsHealthy(app: DesktopApp): Promise<void> {
  await expect
    .poll(async () => (await app.tray())?.image, { timeout: 30_000 })
    .toContain('healthy');
}

test.describe(`on ${backendName()}`, () => {
  test.describe('of which one is enough for both', () => {
    const desktop = sharedDesktop({ args: [] });

    test('a window whose page crashed is back at once, in its place, and no service noticed', async () => {
      const { app } = desktop();
      const page = await visiblePage(app);
      await untilTrayIsHealthy(app);
      const before = pidsOf(await snapshotThrough(page));
      const place = { x: 40, y: 30, width: 900, height: 640 };
      const [first] = (await app.double?.windows()) ?? [];
      if (first !== undefined) await app.double?.setBounds(first.id, place);
      await app.crashPage();
      await expect
        .poll(async () => (await app.page()) !== page && app.isWindowVisible())
        .toBe(true);
      expect(pidsOf(await snapshotThrough(await visiblePage(app)))).toEqual(before);
      if (app.double !== null) expect((await app.double.windows())[0]?.bounds).toEqual(place);
      expect(app.output.match(/Could not keep the page of the status window alive/g)).toHaveLength(
        1,
      );
    });

    test('a hidden window whose page crashed comes back when it is wanted', async () => {
      const { app } = desktop();
      await visiblePage(app);
      await app.pressClose();
      await expect.poll(() => app.isWindowVisible()).toBe(false);
      await app.crashPage();
      await expect.poll(() => app.page()).toBeNull();
      await app.clickMenu('Open Status Window');
      await visiblePage(app);
    });
  });

  test('W31 a page that crashes again and again is given up, once it is offered in the browser, and all runs on', async ({
    start,
  }) => {
    const app = await start({ args: [] });
    const double = needDouble(app);
    await untilTrayIsHealthy(app);
    for (let crash = 1; crash <= 4; crash += 1) {
      const page = await visiblePage(app);
      await app.crashPage();
      await expect.poll(async () => (await app.page()) !== page).toBe(true);
    }
    await says(app, 'Could not keep the status window open');
    expect(await app.page()).toBeNull();
    expect(offers(double)).toEqual([
      expect.stringMatching(/^Click to see the same page in the browser: http:\/\/127\.0\.0\.1:/),
    ]);
    await double.clickNotification(offer);
    await expect
      .poll(() => noted<string>(double, 'openExternal'))
      .toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?ticket=/)]);
    await app.clickMenu('Open Status Window');
    const pids = pidsOf(await snapshotThrough(await visiblePage(app)));
    expect(pids.filter(isAlive)).toEqual(pids);
  });

  test('W31 a page whose file is missing is said, offered in the browser, and all runs on', async ({
    folder,
    start,
  }) => {
    const root = await brokenBuild(folder, (copy) => rm(join(copy, 'out/renderer/index.html')));
    const app = await start({ args: [], root });
    const double = needDouble(app);
    await says(app, 'Could not use the status window');
    await untilTrayIsHealthy(app);
    expect(offers(double)).toHaveLength(1);
  });

  test('W31 a page whose script throws is said, offered in the browser, and all runs on', async ({
    folder,
    start,
  }) => {
    const broken = '<!doctype html><script src="broken.js"></script>';
    const root = await brokenBuild(folder, async (copy) => {
      await writeFile(join(copy, 'out/renderer/index.html'), broken);
      await writeFile(join(copy, 'out/renderer/broken.js'), 'throw new Error("AboutPanel");');
    });
    const app = await start({ args: [], root });
    const double = needDouble(app);
    await says(app, 'Could not use the status window');
    await untilTrayIsHealthy(app);
    expect(offers(double)).toHaveLength(1);
  });

  test('W31 a preload script that fails is said with its cause, offered in the browser, and all runs on', async ({
    folder,
    start,
  }) => {
    const root = await brokenBuild(folder, (copy) =>
      writeFile(join(copy, 'out/preload/index.cjs'), 'throw new Error("no bridge");'),
    );
    const app = await start({ args: [], root });
    const double = needDouble(app);
    await says(app, 'Could not connect the status window');
    expect(app.output).toContain('no bridge');
    await untilTrayIsHealthy(app);
    expect(offers(double)).toHaveLength(1);
  });

  test('W31 with neither tray nor window the program runs on and ends in order', async ({
    folder,
    start,
  }) => {
    const root = await brokenBuild(folder, (copy) => rm(join(copy, 'out/preload/index.cjs')));
    const app = await start({ env: { PM_DOUBLE_NO_TRAY: '1' }, root });
    const double = needDouble(app);
    await says(app, 'Could not show the tray icon');
    await says(app, 'Could not show the status window');
    const [url] = /Status page: \S+/.exec(app.output) ?? [];
    const page = await fetch(url?.replace('Status page: ', '') ?? '');
    expect(page.status).toBe(200);
    expect(offers(double)).toHaveLength(1);
    app.signal('SIGTERM');
    expect(await app.exited).toBe(0);
  });

  test('W31 where no tray is drawn a hidden start shows the window, and its X is the way out', async ({
    start,
  }) => {
    test.skip(process.platform !== 'linux', 'Other systems draw every tray icon.');
    const app = await start({ trayHost: 'missing' });
    expect(await app.page()).toBeNull();
    // The desktop is asked eleven times, by a program each time.
    await expect.poll(() => app.isWindowVisible(), { timeout: 40_000 }).toBe(true);
    await app.pressClose();
    expect(await app.exited).toBe(0);
  });

  test('W31 where nobody knows whether a tray is drawn the first hidden start shows the window', async ({
    start,
  }) => {
    test.skip(process.platform !== 'linux', 'Other systems draw every tray icon.');
    const app = await start({ trayHost: 'unknown' });
    await visiblePage(app);
    await app.pressClose();
    await expect.poll(() => app.isWindowVisible()).toBe(false);
  });

  test('W32 wishes to see the window while it is made, shown, hidden or dead crash nothing', async ({
    start,
  }) => {
    const app = await start();
    // Wishes that come before there is anything to show.
    const open = () => app.clickMenu('Open Status Window');
    await Promise.all([open(), open(), app.startAgain(), open(), open()]);
    await visiblePage(app);
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([open(), app.pressClose(), open()]);
    }
    await open();
    await visiblePage(app);
    await Promise.all([app.crashPage(), open(), open()]);
    const page = await visiblePage(app);
    expect((await snapshotThrough(page)).stopping).toBe(false);
    if (app.double !== null) expect(await app.double.windows()).toHaveLength(1);
    await app.clickMenu('Quit');
    expect(await app.exited).toBe(0);
  });
});
