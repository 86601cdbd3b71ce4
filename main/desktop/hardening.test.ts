import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import {
  blockForeignRequests,
  blockNavigationAndWindows,
  denyPermissions,
  openExternal,
  openFile,
} from './hardening.ts';

test('S15 web addresses are opened in the browser', async () => {
  const opened: string[] = [];
  const shell = { openExternal: async (url: string) => void opened.push(url) };
  await openExternal(shell, 'https://example.org/a b');
  await openExternal(shell, 'http://127.0.0.1:3459');
  expect(opened).toEqual(['https://example.org/a%20b', 'http://127.0.0.1:3459/']);
});

test.each([
  'file:///etc/passwd',
  'javascript:alert(1)',
  'smb://server/share',
  'vscode://file/etc',
  'C:\\Windows\\calc.exe',
  'https://user:word@example.org',
  '',
  undefined,
  { href: 'https://example.org' },
])('S15 %j is never handed to the operating system', async (address) => {
  const shell = { openExternal: () => Promise.reject(new Error('It was opened.')) };
  await expect(openExternal(shell, address)).rejects.toMatchObject({ code: 'bad_request' });
});

test('a file that no program can open says so', async () => {
  await openFile({ openPath: async () => '' }, '/home/me/supervisor.toml');
  const shell = { openPath: async () => 'There is no program for it.' };
  await expect(openFile(shell, '/home/me/supervisor.toml')).rejects.toMatchObject({
    code: 'not_found',
    message: '/home/me/supervisor.toml was not opened: There is no program for it.',
  });
});

test.each([
  ['app://bundle/main.js', 'script', false],
  ['data:image/png;base64,AA', 'image', false],
  ['devtools://devtools/bundled/main.js', 'script', false],
  ['data:text/html,x', 'subFrame', true],
  ['app://bundle.evil/main.js', 'script', true],
  ['https://example.org/', 'xhr', true],
  ['http://127.0.0.1:3457/mcp', 'xhr', true],
  ['file:///etc/passwd', 'image', true],
] as const)('a request for %s as %s: cancelled %s', (url, resourceType, cancelled) => {
  const decisions: Electron.CallbackResponse[] = [];
  const onBeforeRequest = (listener: unknown) => {
    const decide = (decision: Electron.CallbackResponse) => void decisions.push(decision);
    (listener as (details: object, callback: typeof decide) => void)({ url, resourceType }, decide);
  };
  blockForeignRequests({ webRequest: { onBeforeRequest } });
  expect(decisions).toEqual([{ cancel: cancelled }]);
});

/** What a page may do once the application has seen it. */
function guardedPage() {
  const app = new EventEmitter();
  let opening: unknown;
  const contents = Object.assign(new EventEmitter(), {
    setWindowOpenHandler: (handler: (details: object) => unknown) => {
      opening = handler({ url: 'https://example.org/' });
    },
  });
  blockNavigationAndWindows(app as unknown as Electron.App);
  app.emit('web-contents-created', {}, contents);
  const prevents = (event: string, url: string) => {
    let prevented = false;
    const preventDefault = () => {
      prevented = true;
    };
    contents.emit(event, { url, preventDefault });
    return prevented;
  };
  return { prevents, opening };
}

test('S12 S13 S14 a page neither leaves the bundle nor opens a window or a webview', () => {
  const { prevents, opening } = guardedPage();
  for (const event of ['will-navigate', 'will-frame-navigate', 'will-redirect']) {
    expect(prevents(event, 'https://example.org/')).toBe(true);
    expect(prevents(event, 'app://bundle/index.html')).toBe(false);
  }
  expect(prevents('will-attach-webview', 'app://bundle/')).toBe(true);
  expect(opening).toEqual({ action: 'deny' });
});

test('S5 every permission is refused, asked for, checked or for a device', () => {
  let answers: readonly unknown[] = [];
  const note = (answer: unknown) => {
    answers = [...answers, answer];
  };
  denyPermissions({
    setPermissionRequestHandler: (handler) =>
      handler?.({} as Electron.WebContents, 'media', note, {} as Electron.PermissionRequest),
    setPermissionCheckHandler: (handler) =>
      note(handler?.(null, 'media', '', {} as Electron.PermissionCheckHandlerHandlerDetails)),
    setDevicePermissionHandler: (handler) =>
      note(handler?.({} as Electron.DevicePermissionHandlerHandlerDetails)),
  });
  expect(answers).toEqual([false, false, false]);
});
