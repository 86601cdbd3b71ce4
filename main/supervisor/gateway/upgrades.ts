/**
 * Connections that have become WebSockets: a client's and the one to its server, bound to each other.
 * When either ends, what it has sent still goes out, then both are gone. A peer that vanished without a
 * word (a sleeping laptop, a killed virtual machine) is found by TCP keep-alive; pings within the
 * WebSocket are not ours to send. What is silent for too long is ended. So nothing half-open stays.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CodedError } from '../../../shared/errors.ts';

/** Silence after which TCP asks whether the peer is there, in ms; ten missing answers, 1 s apart, end it. */
const probeAfterMs = 15_000;

/** Silence after which a connection is ended, in ms. Longer than any usual ping, which is 30 s. */
const usualIdleMs = 3_600_000;

/** How long one side may take to send what is left when the other has ended, in ms. */
const lingerMs = 2_000;

/** More than the open pages of one developer, few enough not to use up file descriptors. */
const usualMaxOpen = 512;

export interface UpgradeLimits {
  readonly idleMs: number;
  readonly maxOpen: number;
}

export class Upgrades {
  readonly #limits: UpgradeLimits;
  /** Each client with its server, once there is one. */
  readonly #open = new Map<Duplex, Socket | null>();

  constructor(limits: UpgradeLimits = { idleMs: usualIdleMs, maxOpen: usualMaxOpen }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Counts a client that asks for an upgrade; throws `overloaded` when there are too many. */
  admit(client: Duplex): void {
    if (this.#open.size >= this.#limits.maxOpen) {
      throw new CodedError(
        'overloaded',
        `${this.#limits.maxOpen} WebSocket connections are open already. Close some, or try again later.`,
      );
    }
    this.#open.set(client, null);
    client.once('close', () => {
      this.#open.get(client)?.destroy();
      this.#open.delete(client);
    });
  }

  /** Whether the client has become a WebSocket: then nothing can be said in HTTP any more. */
  isJoined(client: Duplex): boolean {
    return (this.#open.get(client) ?? null) !== null;
  }

  /** Binds two connections whose data the proxy pipes both ways. */
  join(client: Socket, server: Socket): void {
    if (!this.#open.has(client)) {
      // The client went while the server was agreeing.
      server.destroy();
      return;
    }
    this.#open.set(client, server);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.setKeepAlive(true, probeAfterMs);
      one.once('end', () => endSoon(other));
      one.once('close', () => endSoon(other));
      one.on('error', () => one.destroy());
    }
    // Data of either side passes through the client's socket, so one clock sees all.
    client.setTimeout(this.#limits.idleMs, () => {
      client.destroy();
      server.destroy();
    });
  }

  /** Cuts all. */
  close(): void {
    for (const [client, server] of this.#open) {
      client.destroy();
      server?.destroy();
    }
  }
}

function endSoon(socket: Socket): void {
  if (socket.destroyed) return;
  socket.destroySoon();
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
}
