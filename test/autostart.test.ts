/** The doctor and `service status` look for the login item where the desktop puts it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loginItemOf, setLoginItem } from '../main/desktop/login-item.ts';
import { lookAtAutostart } from '../main/supervisor/config/autostart.ts';

test('the login item of each configuration is seen as that of its own, and only while it is set', async () => {
  const home = await mkdtemp(join(tmpdir(), 'pm-autostart-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const app = {
    isPackaged: true,
    getAppPath: () => '/opt/pm',
    getPath: () => home,
    getLoginItemSettings: () => ({}) as Electron.LoginItemSettings,
    setLoginItemSettings: () => {},
  };
  const system = { env: {}, execPath: '/opt/pm/pm', platform: 'linux' } as const;
  const machine = { env: {}, homedir: home, platform: 'linux' } as const;
  const usual = join(home, '.config/ProjectMemory/supervisor.toml');
  const other = join(home, 'other.toml');
  const seen = async (configPath: string) =>
    (await lookAtAutostart({ machine, configPath, wantsLoginItem: false })).desktop;

  for (const [named, configPath] of [
    [undefined, usual],
    [other, other],
  ] as const) {
    const item = loginItemOf(app, system, named);
    await setLoginItem(item, true);
    expect(await seen(configPath)).toMatch(/autostart\/project-memory-supervisor.*\.desktop$/);
    expect(await seen(configPath === usual ? other : usual)).toBeNull();
    await setLoginItem(item, false);
    expect(await seen(configPath)).toBeNull();
  }
});
