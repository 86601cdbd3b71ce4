/** The lists of `pm-supervisor`: MCP sessions and attached windows. */
import type { ClientStatus, SessionStatus } from '../shared/status.ts';
import type { Context } from './command.ts';
import type { ExitName } from './exit-codes.ts';
import { type Column, tableLines } from './table.ts';
import { ago, count } from './words.ts';

export async function sessions(context: Context): Promise<ExitName> {
  const { out } = context;
  const snapshot = await context.client().request('Snapshot');
  const now = Date.now();
  const columns: readonly Column<SessionStatus>[] = [
    { title: 'SESSION', cell: (row) => row.sessionId, shrinks: 9 },
    { title: 'CLIENT', cell: clientText, shrinks: 8 },
    { title: 'SERVER', cell: (row) => row.server, shrinks: 6, leaves: 1 },
    { title: 'INSTANCE', cell: (row) => row.instance ?? 'moving', shrinks: 8, leaves: 3 },
    { title: 'WORKSPACE', cell: (row) => row.workspace, shrinks: 10, leaves: 2 },
    { title: 'CALLS', cell: (row) => row.calls, right: true },
    { title: 'ERRORS', cell: (row) => row.errors || null, right: true, leaves: 5 },
    { title: 'RUNNING', cell: (row) => row.inFlight || null, right: true, leaves: 4 },
    { title: 'IDLE', cell: (row) => ago(row.lastActivityAt, now), right: true },
  ];
  out.result(snapshot.sessions, () =>
    snapshot.sessions.length === 0
      ? 'No MCP session is open.'
      : tableLines(columns, snapshot.sessions, out.width, out.paint),
  );
  return 'ok';
}

function clientText({ clientName, clientVersion }: SessionStatus): string | null {
  if (clientName === null) return null;
  return clientVersion === null ? clientName : `${clientName} ${clientVersion}`;
}

export async function clients(context: Context): Promise<ExitName> {
  const { out } = context;
  const snapshot = await context.client().request('Snapshot');
  const now = Date.now();
  const columns: readonly Column<ClientStatus>[] = [
    { title: 'CLIENT', cell: (row) => row.clientId },
    { title: 'AGENT', cell: (row) => row.agent, shrinks: 8 },
    { title: 'WORKSPACE', cell: (row) => row.workspace, shrinks: 10 },
    { title: 'WINDOW', cell: (row) => row.windowId, shrinks: 10, leaves: 3 },
    { title: 'PID', cell: (row) => row.pid, right: true, leaves: 2 },
    { title: 'SESSIONS', cell: (row) => row.sessionIds.length, right: true },
    { title: 'ATTACHED', cell: (row) => ago(row.attachedAt, now), right: true, leaves: 1 },
  ];
  const others = sessionsOfNobody(snapshot.sessions, snapshot.clients);
  out.result(snapshot.clients, () => [
    ...(snapshot.clients.length === 0
      ? ['No window is attached.']
      : tableLines(columns, snapshot.clients, out.width, out.paint)),
    ...(others === 0 ? [] : [`${count(others, 'MCP session')} of no attached window.`]),
  ]);
  return 'ok';
}

function sessionsOfNobody(
  all: readonly SessionStatus[],
  attached: readonly ClientStatus[],
): number {
  const linked = new Set(attached.flatMap(({ sessionIds }) => sessionIds));
  return all.filter(({ sessionId }) => !linked.has(sessionId)).length;
}
