/**
 * Where the page is, in the hash of its address: `#/services/mcp` is the view `services`, at `mcp`.
 * A hash works under every prefix and in Electron, and needs nothing of the server.
 */
export interface Route {
  /** The view's id; empty where the address names none. */
  readonly view: string;
  /** What follows the view, e.g. the name of a service. */
  readonly place: readonly string[];
}

/** Reads `location.hash`. Whatever stands there, there is an answer: people type addresses. */
export function parseRoute(hash: string): Route {
  const [view = '', ...place] = hash
    .replace(/^#?\/?/u, '')
    .split('/')
    .map(decoded)
    .filter((part) => part !== '');
  return { view, place };
}

/** The link to a view: `#/services/mcp%3A1`. */
export function routeHash(view: string, ...place: readonly string[]): string {
  return `#/${[view, ...place].map(encodeURIComponent).join('/')}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone `%` is no code; it stands for itself.
    return part;
  }
}
