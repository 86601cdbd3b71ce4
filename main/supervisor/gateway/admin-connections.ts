/**
 * `/admin/connections` on the gateway: the sessions of all instances of all pools, in the shape of the old
 * MCP server, which knew only those of the one instance that was asked (old weakness W12).
 */
import express from 'express';
import { CodedError } from '../../../shared/errors.ts';
import type { SessionStatus } from '../../../shared/status.ts';
import { sendError, sendJson } from '../http/respond.ts';

export interface Connections {
  sessionStatuses(): readonly SessionStatus[];
  /** Ends a session wherever it lives; false when there is no such session. */
  closeSession(sessionId: string): Promise<boolean>;
}

/** Handles `GET /admin/connections` and `DELETE /admin/connections/:id`. */
export function adminConnections(connections: Connections): express.Router {
  const router = express.Router();
  router.get('/admin/connections', (_request, response) =>
    sendJson(response, 200, connections.sessionStatuses().map(wireConnection)),
  );
  router.delete('/admin/connections/:id', async (request, response) => {
    const sessionId = request.params.id;
    try {
      if (await connections.closeSession(sessionId)) {
        sendJson(response, 200, { closed: true, sessionId });
        return;
      }
      throw new CodedError('session_not_found', `Session not found: ${sessionId.slice(0, 200)}`);
    } catch (error) {
      sendError(response, error);
    }
  });
  return router;
}

function wireConnection(session: SessionStatus) {
  return {
    sessionId: session.sessionId,
    type: session.transport,
    connectedAt: session.openedAt,
    lastActivity: session.lastActivityAt,
    callCount: session.calls,
    agentType: null,
    workspaceId: session.workspace,
    planId: null,
    clientType: session.clientName,
    server: session.server,
    instance: session.instance,
    instancePort: session.instancePort,
    inFlight: session.inFlight,
  };
}
