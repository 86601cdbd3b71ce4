/** Puts a server's question to one session. */
import type { Link } from './link.ts';
import { type RequestPacket, rpcCode } from './packet.ts';
import type { Session } from './session.ts';

/**
 * On the stream of the one request under way, since that is what the question is about; else on the
 * session's GET stream. On one stream only (MCP 2025-11-25 transports).
 */
export function askSession(packet: RequestPacket, session: Session, link: Link): void {
  const asked = link.asks.add(packet, session);
  if (asked === null) {
    link.refuse(packet, rpcCode.refused, 'Too many questions to the clients are open.');
    return;
  }
  const [only, ...more] = link.calls.filter(({ exchange }) => exchange !== null);
  const isAboutIt = only?.member === session && more.length === 0 && only.exchange?.isOpen === true;
  if (isAboutIt) only.exchange?.send(asked.text);
  else session.stream.send(asked.text, () => link.dropAsks({ id: asked.id }));
}
