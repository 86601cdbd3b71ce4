/**
 * What a server asks its clients (sampling, elicitation, roots). Each question belongs to the one session
 * that was asked: only that session's answer counts, and it gets an id under which no other can stand,
 * not even one that a server before a restart asked.
 */
import { valueAt, withValues } from './json-text.ts';
import type { NotificationPacket, RequestPacket, ResponsePacket } from './packet.ts';

/** Unanswered questions of one server; beyond, the server is told at once that nobody answers. */
const maxOpenAsks = 1_000;

interface Ask<Member> {
  readonly member: Member;
  /** As the server wrote it, JSON. */
  readonly serverId: string;
  /** JSON; null when it wants no progress. */
  readonly progressToken: string | null;
}

export class Asks<Member> {
  readonly #asks = new Map<string, Ask<Member>>();
  readonly #nextId: () => number;

  constructor(nextId: () => number) {
    this.#nextId = nextId;
  }

  /** The question as the member is to get it, and the id it has there; null when too many are open. */
  add(
    packet: RequestPacket,
    member: Member,
  ): { readonly id: string; readonly text: string } | null {
    if (this.#asks.size >= maxOpenAsks) return null;
    const id = `bridge-${this.#nextId()}`;
    this.#asks.set(id, {
      member,
      serverId: valueAt(packet.text, ['id']) ?? 'null',
      progressToken: valueAt(packet.text, ['params', '_meta', 'progressToken']),
    });
    return { id, text: withValues(packet.text, [{ path: ['id'], value: JSON.stringify(id) }]) };
  }

  /** The answer as the server is to get it; null when this member was not asked that. */
  answer(packet: ResponsePacket, member: Member): string | null {
    const { id } = packet;
    const ask = typeof id === 'string' ? this.#asks.get(id) : undefined;
    if (typeof id !== 'string' || ask?.member !== member) return null;
    this.#asks.delete(id);
    return withValues(packet.text, [{ path: ['id'], value: ask.serverId }]);
  }

  /** True when the member may tell progress under this token: it answers a question that has it. */
  wantsProgress(packet: NotificationPacket, member: Member): boolean {
    const token = valueAt(packet.text, ['params', 'progressToken']);
    return [...this.#asks.values()].some(
      (ask) => ask.member === member && token !== null && ask.progressToken === token,
    );
  }

  /** The server takes a question back: whom to tell, and in which words; null when none is open. */
  withdraw(packet: NotificationPacket): { readonly member: Member; readonly text: string } | null {
    const serverId = valueAt(packet.text, ['params', 'requestId']);
    for (const [id, ask] of this.#asks) {
      if (ask.serverId !== serverId) continue;
      this.#asks.delete(id);
      const change = { path: ['params', 'requestId'], value: JSON.stringify(id) };
      return { member: ask.member, text: withValues(packet.text, [change]) };
    }
    return null;
  }

  /** Forgets one question, or all of a member; gives the server's ids of what nobody will answer. */
  drop(which: { readonly id: string } | { readonly member: Member }): readonly string[] {
    const dropped = [...this.#asks].filter(([id, ask]) =>
      'id' in which ? id === which.id : ask.member === which.member,
    );
    for (const [id] of dropped) this.#asks.delete(id);
    return dropped.map(([, { serverId }]) => serverId);
  }
}
