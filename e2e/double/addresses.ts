/** Chromium knows no custom schemes, so `app://bundle/x` is shown as `https://bundle.app.double/x`. */

/** The address under which Chromium shows one of the application's. */
export function shownAddress(url: string): string {
  const { protocol, host, pathname, search, hash } = new URL(url);
  return `https://${host}.${protocol.slice(0, -1)}.double${pathname}${search}${hash}`;
}

/** The application's address again; any other is left as it is. */
export function realAddress(url: string): string {
  return url.replace(/^https:\/\/([^/]+)\.([a-z]+)\.double(?=\/|$)/, '$2://$1');
}

/** Matches every shown address of a scheme. */
export function shownScheme(scheme: string): RegExp {
  return new RegExp(`^https://[^/]+\\.${scheme}\\.double/`);
}
