/** What the desktop tells without being asked, and what it leaves with the system: notifications, the login item, the tray's look. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'playwright/test';
import { openMcpSession } from '../test/mcp-session.ts';
import { backendName } from './backends.ts';
import type { DesktopApp } from './desktop-app.ts';
import { sharedDesktop, snapshotThrough, test, visiblePage } from './desktop-fixture.ts';
import type { DoubleApp } from './double/launch.ts';

/** A notification is Electron's to show; only the double tells what it was given. */
function needDouble(app: DesktopApp): DoubleApp {
  const { double } = app;
  test.skip(double === null, 'Electron does not tell which notifications it showed.');
  if (double === null) throw new Error('There is no double.');
  return double;
}

/** The titles of the notifications so far. */
function titles(double: DoubleApp): readonly string[] {
  return double.records
    .filter(({ kind }) => kind === 'notification')
    .map(({ value }) => (value as { readonly title: string }).title);
}

/** A service that lives until it is stopped; in `broken` ones there is no such program. */
function server(name: string, command = process.execPath): string {
  return [
    '[[servers]]',
    `name = ${JSON.stringify(name)}`,
    `command = ${JSON.stringify(command)}`,
    'args = ["-e", "setInterval(() => {}, 1000)"]',
    '',
  ].join('\n');
}

const nowhere = '/nowhere/at/all';

/** Changes the running configuration's file in one step, as most editors do: nobody sees half of it. */
async function edit(folder: string, change: (text: string) => string): Promise<void> {
  const file = join(folder, 'supervisor.toml');
  const draft = join(folder, 'draft.toml');
  await writeFile(draft, change(await readFile(file, 'utf8')));
  await rename(draft, file);
}

const breakServers = (text: string) =>
  text.replaceAll(JSON.stringify(process.execPath), `"${nowhere}"`);
const mendServers = (text: string) =>
  text.replaceAll(`"${nowhere}"`, JSON.stringify(process.execPath));

async function untilTrayHas(app: DesktopApp, label: string): Promise<void> {
  await expect
    .poll(async () => (await app.tray())?.items.map((item) => item.label), { timeout: 30_000 })
    .toContain(label);
}

test.describe(`on ${backendName()}`, () => {
  test.describe('on the usual configuration, one for all', () => {
    const desktop = sharedDesktop({ args: [] });

    test('the X says once that the program runs on; a click brings the window back', async () => {
      const { app } = desktop();
      const double = needDouble(app);
      for (let round = 0; round < 2; round += 1) {
        await visiblePage(app);
        await app.pressClose();
        await expect.poll(() => app.isWindowVisible()).toBe(false);
        await double.clickNotification('Project Memory Supervisor runs on');
      }
      await visiblePage(app);
      expect(titles(double)).toEqual(['Project Memory Supervisor runs on']);
    });

    test('a session that was moved to another instance is told', async () => {
      const { app } = desktop();
      const double = needDouble(app);
      const page = await visiblePage(app);
      await untilTrayHas(app, 'MCP — Running');
      const { mcpUrl } = await snapshotThrough(page);
      await openMcpSession(mcpUrl ?? '');
      const [instance] = (await snapshotThrough(page)).instances;
      expect(instance?.pid).toBeGreaterThan(0);
      process.kill(instance?.pid ?? Number.NaN, 'SIGKILL');
      await expect.poll(() => titles(double), { timeout: 30_000 }).toContain('A session has moved');
    });

    test('without being asked for, nothing starts at log-in', async () => {
      const { app, folder } = desktop();
      await untilTrayHas(app, 'MCP — Running');
      expect(existsSync(join(folder, 'config/autostart'))).toBe(false);
    });
  });

  test('a service that fails is told, and so is that it runs again; a click opens the window', async ({
    folder,
    start,
  }) => {
    const app = await start({ settings: server('helper') });
    const double = needDouble(app);
    await untilTrayHas(app, 'Helper — Running');
    await edit(folder, breakServers);
    await untilTrayHas(app, 'Helper — Failed');
    await expect.poll(() => titles(double)).toEqual(['Helper: failed']);
    await double.clickNotification('Helper: failed');
    await visiblePage(app);
    await edit(folder, mendServers);
    await expect.poll(() => titles(double), { timeout: 30_000 }).toContain('Helper runs again');
  });

  test('of many that fail at once four are told', async ({ folder, start }) => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const app = await start({ settings: names.map((name) => server(name)).join('') });
    const double = needDouble(app);
    for (const name of names) await untilTrayHas(app, `${name.toUpperCase()} — Running`);
    await edit(folder, breakServers);
    for (const name of names) await untilTrayHas(app, `${name.toUpperCase()} — Failed`);
    await expect.poll(() => titles(double).length).toBe(4);
  });

  test('with [desktop] notifications off nothing is told', async ({ folder, start }) => {
    const settings = `[desktop]\nnotifications = false\n${server('helper')}`;
    const app = await start({ settings });
    const double = needDouble(app);
    await untilTrayHas(app, 'Helper — Running');
    await edit(folder, breakServers);
    await untilTrayHas(app, 'Helper — Failed');
    // Switched on while it runs: what comes from now on is told, and nothing of before.
    await edit(folder, (text) => text.replace('notifications = false', 'notifications = true'));
    await app.clickMenu('Open Status Window');
    await visiblePage(app);
    await edit(folder, (text) => `${text}\n[nonsense`);
    await expect
      .poll(() => titles(double), { timeout: 30_000 })
      .toEqual(['The configuration has errors; what ran goes on']);
  });

  test('the login item comes and goes with the configuration, and starts hidden', async ({
    folder,
    start,
  }) => {
    test.skip(process.platform !== 'linux', 'Elsewhere the system itself keeps login items.');
    const autostart = join(folder, 'config/autostart');
    const app = await start({ settings: '[desktop]\nlogin_item = true\n' });
    const entries = () => (existsSync(autostart) ? readdir(autostart) : []);
    await expect
      .poll(entries)
      .toEqual([expect.stringMatching(/^project-memory-supervisor-[0-9a-f]+\.desktop$/)]);
    const [name] = await entries();
    const entry = await readFile(join(autostart, name ?? ''), 'utf8');
    const config = join(folder, 'supervisor.toml');
    expect(entry).toMatch(/^\[Desktop Entry\]\nType=Application\n/);
    expect(entry).toContain(`scripts/start.mjs" "--hidden" "--config" "${config}"\n`);
    await untilTrayHas(app, 'MCP — Running');
    await edit(folder, (text) => text.replace('login_item = true', 'login_item = false'));
    await expect.poll(entries, { timeout: 30_000 }).toEqual([]);
  });

  test('W34 the tray picture follows the health and the colour of the panel', async ({
    folder,
    start,
  }) => {
    const app = await start({ settings: server('helper') });
    const double = needDouble(app);
    const picture = async () => (await app.tray())?.image;
    await untilTrayHas(app, 'Helper — Running');
    await expect.poll(picture, { timeout: 30_000 }).toBe('tray-healthy-light-24.png');
    await double.setDarkTheme(true);
    await expect.poll(picture).toBe('tray-healthy-dark-24.png');
    await edit(folder, breakServers);
    await expect.poll(picture, { timeout: 30_000 }).toBe('tray-failed-dark-24.png');
    await edit(folder, mendServers);
    await expect.poll(picture, { timeout: 30_000 }).toBe('tray-healthy-dark-24.png');
  });

  test('a shutdown of the system stops everything in order', async ({ start }) => {
    const app = await start();
    const double = needDouble(app);
    await untilTrayHas(app, 'MCP — Running');
    await double.emitPower('suspend');
    await double.emitPower('resume');
    await expect.poll(() => app.output).toMatch(/The machine is awake again after \d+ s\./);
    await double.emitPower('shutdown');
    expect(await app.exited).toBe(0);
  });
});
