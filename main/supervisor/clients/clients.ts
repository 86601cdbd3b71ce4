/**
 * The windows of editors and agents that are attached: which is where, and which MCP sessions are its.
 *
 * A window is attached as long as the connection over which it said so, or, if it asked for a lease, until
 * that long after its last request. So there are no phantoms (old weakness W22): who crashes or reloads is
 * gone. A window that attaches again is the same client, with the connection or lease it has now.
 */
import { CodedError } from '../../../shared/errors.ts';
import type { ClientStatus, SessionStatus } from '../../../shared/status.ts';
import { linkSessions } from './link-sessions.ts';

/** What of a connection matters here: its end. */
export interface Tie {
  readonly closed: AbortSignal;
}

/** What a window says of itself. */
export interface Introduction {
  readonly pid: number;
  readonly window_id: string;
  readonly agent?: string | undefined;
  readonly workspace?: string | undefined;
  readonly lease_ms?: number | undefined;
}

export interface ClientsOptions {
  readonly sessions: () => readonly SessionStatus[];
  /** Somebody came or left. */
  readonly onChange: () => void;
  /** How long after the last one has gone that is said, in ms; 0: never. */
  readonly emptyAfterMs: () => number;
  readonly onEmpty: () => void;
}

/** Windows at the same time; a program that makes up new ones must not fill our memory. */
const maxClients = 1_000;

interface Client {
  readonly id: string;
  readonly attachedAt: Date;
  introduction: Introduction;
  tie: Tie | null;
  lease: Lease | null;
}

/** A lease that is over so much later than it was meant to was over while the machine slept, in ms. */
const sleepToleranceMs = 2_000;

interface Lease {
  readonly timer: NodeJS.Timeout;
  /** Its end by the monotonic clock. */
  dueAt: number;
  until: number;
}

export class Clients {
  readonly #options: ClientsOptions;
  /** By id, in the order in which they came. */
  readonly #clients = new Map<string, Client>();
  #count = 0;
  #empty: NodeJS.Timeout | null = null;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /**
   * Attaches a window, or finds it again by its `window_id`. Throws `bad_request` when it has neither a
   * connection nor a lease to be tied to, `at_capacity`.
   */
  attach(introduction: Introduction, tie: Tie | null): ClientStatus {
    const { window_id, lease_ms } = introduction;
    if (tie === null && lease_ms === undefined) {
      throw new CodedError(
        'bad_request',
        'AttachClient: field "lease_ms": over HTTP a window has no connection to stay with, so it needs a lease.',
      );
    }
    const known = this.#byWindow(window_id);
    if (!known && this.#clients.size >= maxClients) {
      throw new CodedError('at_capacity', `There are ${maxClients} attached windows. Detach some.`);
    }
    const client = known ?? this.#make(introduction);
    client.introduction = introduction;
    this.#lend(client, lease_ms);
    this.#tie(client, tie);
    if (this.#empty) clearTimeout(this.#empty);
    this.#empty = null;
    this.#options.onChange();
    return this.#status(client, this.#links().get(client.id) ?? []);
  }

  /** False when nobody of that id is attached. */
  detach(clientId: string): boolean {
    const client = this.#clients.get(clientId);
    if (client === undefined) return false;
    this.#clients.delete(clientId);
    client.tie = null;
    this.#lend(client, undefined);
    this.#options.onChange();
    if (this.#clients.size === 0) this.#announceEmpty();
    return true;
  }

  /** A request came over this connection, or with this id: the leases of its windows begin anew. */
  heardOf(connection: Tie | null, clientId: string | null): void {
    if (this.#clients.size === 0) return;
    for (const client of this.#clients.values()) {
      const isMeant = client.id === clientId || (connection !== null && client.tie === connection);
      const { lease_ms } = client.introduction;
      if (!isMeant || client.lease === null || lease_ms === undefined) continue;
      client.lease.until = Date.now() + lease_ms;
      client.lease.dueAt = performance.now() + lease_ms;
      client.lease.timer.refresh();
    }
  }

  list(): readonly ClientStatus[] {
    const links = this.#links();
    return [...this.#clients.values()].map((each) => this.#status(each, links.get(each.id) ?? []));
  }

  /** Forgets all; nobody is told any more. */
  close(): void {
    if (this.#empty) clearTimeout(this.#empty);
    for (const client of this.#clients.values()) this.#lend(client, undefined);
    this.#clients.clear();
  }

  #make(introduction: Introduction): Client {
    this.#count += 1;
    const id = `client-${this.#count}`;
    const client: Client = { id, attachedAt: new Date(), introduction, tie: null, lease: null };
    this.#clients.set(id, client);
    return client;
  }

  #byWindow(windowId: string): Client | undefined {
    for (const client of this.#clients.values()) {
      if (client.introduction.window_id === windowId) return client;
    }
    return undefined;
  }

  /**
   * With a lease, the connection only renews it; without one, its end is the end. Another connection may
   * have taken over meanwhile.
   */
  #tie(client: Client, tie: Tie | null): void {
    if (client.tie === tie) return;
    client.tie = tie;
    const leave = () => {
      if (client.tie !== tie) return;
      if (client.lease === null) this.detach(client.id);
      else client.tie = null;
    };
    if (tie?.closed.aborted) leave();
    else tie?.closed.addEventListener('abort', leave, { once: true });
  }

  /** Gives a new lease in place of the one it has, or none. */
  #lend(client: Client, leaseMs: number | undefined): void {
    if (client.lease) clearTimeout(client.lease.timer);
    client.lease = null;
    if (leaseMs === undefined) return;
    const timer = setTimeout(() => this.#onLeaseEnd(client, leaseMs), leaseMs).unref();
    client.lease = { timer, until: Date.now() + leaseMs, dueAt: performance.now() + leaseMs };
  }

  /** In a sleep of the machine nobody could renew a lease; it begins anew. */
  #onLeaseEnd(client: Client, leaseMs: number): void {
    const lateByMs = performance.now() - (client.lease?.dueAt ?? 0);
    if (client.lease !== null && lateByMs >= sleepToleranceMs) this.#lend(client, leaseMs);
    else this.detach(client.id);
  }

  #announceEmpty(): void {
    const { emptyAfterMs, onEmpty } = this.#options;
    const waitMs = emptyAfterMs();
    if (waitMs === 0) return;
    this.#empty = setTimeout(onEmpty, waitMs).unref();
  }

  #links(): ReadonlyMap<string, readonly string[]> {
    const clients = [...this.#clients.values()].map((client) => this.#status(client, []));
    return clients.length === 0 ? new Map() : linkSessions(clients, this.#options.sessions());
  }

  #status(
    { id, attachedAt, introduction, lease }: Client,
    sessionIds: readonly string[],
  ): ClientStatus {
    const { pid, window_id, agent, workspace, lease_ms } = introduction;
    return {
      clientId: id,
      windowId: window_id,
      pid,
      agent: agent ?? null,
      workspace: workspace ?? null,
      attachedAt: attachedAt.toISOString(),
      leaseMs: lease_ms ?? null,
      leaseUntil: lease === null ? null : new Date(lease.until).toISOString(),
      sessionIds,
    };
  }
}
