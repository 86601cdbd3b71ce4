import { expect, test, vi } from 'vitest';
import { setApplicationMenu } from './application-menu.ts';

const menus = vi.hoisted((): unknown[] => []);

vi.mock('electron', () => ({
  Menu: {
    buildFromTemplate: (template: readonly { readonly role: string }[]) =>
      template.map(({ role }) => role),
    setApplicationMenu: (menu: unknown) => menus.push(menu),
  },
}));

test('macOS gets the menus without which neither ⌘C nor ⌘Q works; elsewhere there is none', () => {
  for (const platform of ['darwin', 'win32', 'linux'] as const) setApplicationMenu(platform);
  expect(menus).toEqual([['appMenu', 'editMenu', 'windowMenu'], null, null]);
});
