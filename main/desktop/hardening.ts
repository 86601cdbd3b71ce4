/**
 * What a page of ours may never do, whatever runs in it (Electron's security checklist, items 5, 11
 * to 15): ask for permissions, load anything but the bundle, navigate away, open windows, or
 * hand the operating system an address that is not a web page.
 */
import { CodedError } from '../../shared/errors.ts';
import { isBundleUrl } from './bundle-scheme.ts';

/** Refuses every permission, asked for or checked. */
export function denyPermissions(
  session: Pick<
    Electron.Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  >,
): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}

/** Cancels every request that is not for the bundle; the developer tools load themselves. */
export function blockForeignRequests(session: {
  readonly webRequest: Pick<Electron.WebRequest, 'onBeforeRequest'>;
}): void {
  session.webRequest.onBeforeRequest((details, decide) => {
    decide({ cancel: !isBundleUrl(details.url) && !isHarmless(details) });
  });
}

/** Keeps every page where it is: no navigation away, no redirect, no `<webview>`, no new window. */
export function blockNavigationAndWindows(app: Pick<Electron.App, 'on'>): void {
  app.on('web-contents-created', (_event, contents) => {
    const stay = (details: { readonly url: string; preventDefault(): void }) => {
      if (!isBundleUrl(details.url)) details.preventDefault();
    };
    contents.on('will-navigate', stay);
    contents.on('will-frame-navigate', stay);
    contents.on('will-redirect', stay);
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}

/**
 * Opens a web address in the system's browser. Anything else is refused with `bad_request`, because
 * the operating system would start whatever program is registered for the scheme.
 */
export async function openExternal(
  shell: Pick<Electron.Shell, 'openExternal'>,
  address: unknown,
): Promise<void> {
  const url = typeof address === 'string' ? URL.parse(address) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new CodedError('bad_request', 'Only http and https addresses are opened.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new CodedError('bad_request', 'An address with a user name or password is not opened.');
  }
  await shell.openExternal(url.href);
}

/** Opens a file of ours in the program that the system has for it; says why when there is none. */
export async function openFile(
  shell: Pick<Electron.Shell, 'openPath'>,
  path: string,
): Promise<void> {
  const problem = await shell.openPath(path);
  if (problem !== '') throw new CodedError('not_found', `${path} was not opened: ${problem}`);
}

/** Inline images carry their own bytes, and the developer tools are Chromium's. */
function isHarmless(
  details: Pick<Electron.OnBeforeRequestListenerDetails, 'url' | 'resourceType'>,
) {
  const protocol = URL.parse(details.url)?.protocol;
  if (protocol === 'devtools:') return true;
  return protocol === 'data:' && details.resourceType === 'image';
}
