/** What a client says in a session that another instance must be told too, should it take the session over. */
import type { IncomingMessage } from 'node:http';
import type { Session } from '../pool/sessions.ts';
import { requestHeaders } from './forward.ts';
import type { RpcMessage } from './rpc-message.ts';

const rootsChanged = 'notifications/roots/list_changed';

/** Keeps what a client says of its roots. */
export function noteRoots(
  session: Session,
  request: IncomingMessage,
  message: RpcMessage,
  body: Buffer,
): void {
  if (message.kind === 'notification' && message.method === rootsChanged) session.roots.changed();
  if (message.kind !== 'answer' || message.roots === null) return;
  session.facts.roots = message.roots;
  const headers = () => requestHeaders(request, true, { upstreamId: null });
  if (message.id !== null) session.roots.answered(message.id, () => ({ body, headers: headers() }));
}

/** Keeps what matters of a message that the instance has accepted. */
export function remember(
  session: Session,
  request: IncomingMessage,
  message: RpcMessage,
  body: Buffer,
): void {
  if (message.kind !== 'request' && message.kind !== 'notification') return;
  const { toRepeat } = session;
  const keep = (what: string) => {
    toRepeat.set(what, { body, headers: requestHeaders(request, true, { upstreamId: null }) });
  };
  switch (message.method) {
    case 'notifications/initialized':
    case 'logging/setLevel':
      keep(message.method);
      break;
    case 'resources/subscribe':
      if (message.kind === 'request') keep(`subscribe ${message.uri}`);
      break;
    case 'resources/unsubscribe':
      if (message.kind === 'request') toRepeat.delete(`subscribe ${message.uri}`);
      break;
    default:
  }
}
