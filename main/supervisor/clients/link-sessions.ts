/**
 * Which MCP sessions belong to which window. What a session says of itself decides, the surest first: the
 * id of the client or the window in a header, the process of the client, and only where that leaves no
 * doubt, the agent's name in its user agent together with the workspace. A session has one window at most;
 * none is better than a wrong one.
 */
import type { SessionStatus } from '../../../shared/status.ts';

/** What is known of a window. */
export interface LinkableClient {
  readonly clientId: string;
  readonly pid: number;
  readonly windowId: string;
  readonly agent: string | null;
  readonly workspace: string | null;
}

type Session = Pick<
  SessionStatus,
  'sessionId' | 'clientPid' | 'clientHint' | 'clientName' | 'userAgent' | 'workspace'
>;

/** The ids of the sessions of each client, by the client's id. */
export function linkSessions(
  clients: readonly LinkableClient[],
  sessions: readonly Session[],
): ReadonlyMap<string, readonly string[]> {
  const links = new Map<string, string[]>();
  if (clients.length === 0) return links;
  for (const session of sessions) {
    const owner = ownerOf(session, clients);
    if (owner === null) continue;
    const own = links.get(owner.clientId) ?? [];
    own.push(session.sessionId);
    links.set(owner.clientId, own);
  }
  return links;
}

function ownerOf(session: Session, clients: readonly LinkableClient[]): LinkableClient | null {
  const { clientHint, clientPid } = session;
  const hinted = clients.filter(
    ({ clientId, windowId }) => clientHint === clientId || clientHint === windowId,
  );
  if (hinted.length > 0) return only(hinted);
  const sameProcess = clients.filter(({ pid }) => pid !== 0 && pid === clientPid);
  if (sameProcess.length > 0) return only(narrowed(sameProcess, session));
  // A session that names a process or window of somebody else is nobody's here.
  if (clientHint !== null || clientPid !== null) return null;
  return only(clients.filter((client) => isAgent(session, client) && isAt(session, client)));
}

/** One process may have several windows (editors do): then the workspace tells them apart. */
function narrowed(clients: readonly LinkableClient[], session: Session): readonly LinkableClient[] {
  return clients.length === 1 ? clients : clients.filter((client) => isAt(session, client));
}

function only(clients: readonly LinkableClient[]): LinkableClient | null {
  return clients.length === 1 ? (clients[0] ?? null) : null;
}

/** The agent's name begins the user agent (RFC 9110 §10.1.5: `product/version`), or is the client's. */
function isAgent({ clientName, userAgent }: Session, { agent }: LinkableClient): boolean {
  if (agent === null) return false;
  const wanted = agent.toLowerCase();
  const product = userAgent?.split(/[/ ]/)[0]?.toLowerCase();
  return clientName?.toLowerCase() === wanted || product === wanted;
}

function isAt({ workspace }: Session, client: LinkableClient): boolean {
  if (workspace === null || client.workspace === null) return false;
  return placeOf(workspace) === placeOf(client.workspace);
}

/** `file:///w/`, `/w/` and `/w` are one place. */
function placeOf(workspace: string): string {
  const path = workspace.startsWith('file://')
    ? decoded(workspace.slice('file://'.length))
    : workspace;
  return path.replace(/[/\\]+$/, '');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
