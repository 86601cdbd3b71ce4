/** Which MCP server a path of the gateway means: `/mcp` the main pool, `/servers/NAME/mcp` one of the user's. */
import { CodedError } from '../../../shared/errors.ts';

/** The name of the pool behind `/mcp`. */
export const mainPool = 'mcp';

const serversPrefix = '/servers/';

/** The path of a server's MCP endpoint. */
export function serverPath(name: string): string {
  return `${serversPrefix}${encodeURIComponent(name)}/mcp`;
}

/**
 * The key of the pool that the path means; null when it is no MCP endpoint. Throws `unknown_service`,
 * naming the paths there are, for a server that there is not.
 */
export function poolAt(path: string, pools: ReadonlyMap<string, unknown>): string | null {
  if (path === '/mcp') return mainPool;
  if (!path.startsWith(serversPrefix)) return null;
  const [name = '', ...rest] = path.slice(serversPrefix.length).split('/');
  const key = decoded(name).toLowerCase();
  if (rest.length === 1 && rest[0] === 'mcp' && key !== mainPool && pools.has(key)) return key;
  const known = [...pools.keys()].map((each) => (each === mainPool ? '/mcp' : serverPath(each)));
  throw new CodedError(
    'unknown_service',
    `There is no MCP server at ${path.slice(0, 200)}. Known: ${known.join(', ') || 'none'}.`,
  );
}

/** Names are compared in lower case; a broken escape is no name of a server. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}
