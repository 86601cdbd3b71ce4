/**
 * `app://bundle/` serves the built page, and only that: one host, reading only, no path outside the
 * folder. A scheme of our own instead of `file:` because a page from `file:` may read other files
 * (Electron security checklist, 18). Every answer carries the content security policy.
 */
import { readFile } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';

const bundleScheme = 'app';
const bundleHost = 'bundle';
/** The address of the status window's page. */
export const bundleUrl = `${bundleScheme}://${bundleHost}/`;

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Declares the scheme; Electron wants that before `ready`, once. */
export function registerBundleScheme(
  protocol: Pick<Electron.Protocol, 'registerSchemesAsPrivileged'>,
): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: bundleScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Answers the scheme from `folder`. */
export function serveBundle(protocol: Pick<Electron.Protocol, 'handle'>, folder: string): void {
  protocol.handle(bundleScheme, (request) => answerFromBundle(folder, request));
}

/** True for an address of our own page; compared by its parts, never by how the text begins. */
export function isBundleUrl(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && url.protocol === `${bundleScheme}:` && url.host === bundleHost;
}

/** The file that an address means, or null if it means none inside `folder`. */
export function bundleFile(folder: string, address: string): string | null {
  if (!isBundleUrl(address)) return null;
  const path = decodePath(new URL(address).pathname);
  // A backslash separates folders on Windows, a NUL ends a name in C, a colon names a drive or stream.
  if (path === null || /[\\\0:]/.test(path)) return null;
  const file = resolve(join(folder, path.endsWith('/') ? `${path}index.html` : path));
  return file.startsWith(resolve(folder) + sep) ? file : null;
}

/** The answer to one request for the page or a part of it. */
export async function answerFromBundle(
  folder: string,
  request: Pick<Request, 'url' | 'method'>,
): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response(null, { status: 405, headers: { ...securityHeaders, allow: 'GET, HEAD' } });
  }
  const file = bundleFile(folder, request.url);
  const body = file === null ? null : await readFile(file).catch(() => null);
  if (file === null || body === null) {
    return new Response('Not found', { status: 404, headers: securityHeaders });
  }
  const type = contentTypes[extname(file).toLowerCase()] ?? 'application/octet-stream';
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
    headers: { ...securityHeaders, 'content-type': type },
  });
}

function decodePath(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null; // `%zz`: no file of ours has such a name.
  }
}
