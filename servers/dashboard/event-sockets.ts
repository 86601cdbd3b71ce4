/**
 * `/ws`: each event as one JSON message, for the page. Peers that do not answer a ping until the next
 * one are dead and cut off; peers that do not read are cut off at 1 MiB. What peers send is ignored.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { SocketMessage } from './dashboard-api.d.ts';
import type { EventBus } from './event-bus.ts';
import { maxBacklogBytes } from './event-stream.ts';

/** Nobody has anything to tell us. */
const maxIncomingBytes = 4 * 1024;

/** RFC 6455 §7.4.1: the server goes away. */
const goingAway = 1001;

export interface EventSocketsOptions {
  readonly bus: EventBus;
  readonly pingMs: number;
}

export class EventSockets {
  readonly #options: EventSocketsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: maxIncomingBytes,
    perMessageDeflate: false,
  });
  /** Peers that were heard since the last ping. */
  readonly #alive = new WeakSet<WebSocket>();
  #pings: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => {};

  constructor(options: EventSocketsOptions) {
    this.#options = options;
  }

  /** Answers a checked upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (peer) => this.#add(peer));
  }

  /** Says good-bye to every peer and cuts off those that have not answered after `graceMs`. */
  close(graceMs: number): void {
    const { clients } = this.#server;
    for (const peer of clients) peer.close(goingAway, 'The dashboard is stopping.');
    setTimeout(() => {
      for (const peer of clients) peer.terminate();
    }, graceMs).unref();
  }

  #add(peer: WebSocket): void {
    // ws has added the peer to `clients` already.
    if (this.#server.clients.size === 1) this.#start();
    this.#alive.add(peer);
    peer.on('pong', () => this.#alive.add(peer));
    peer.once('close', () => {
      if (this.#server.clients.size === 0) this.#stop();
    });
    // A protocol violation: ws closes the peer by itself, the event only must not be unhandled.
    peer.on('error', () => {});
  }

  #start(): void {
    this.#stop();
    const { bus, pingMs } = this.#options;
    this.#unsubscribe = bus.subscribe({
      event: (data) => this.#send({ type: 'mcp_event', data }),
      resync: (data) => this.#send({ type: 'resync', data }),
    });
    this.#pings = setInterval(() => this.#ping(), pingMs);
  }

  #stop(): void {
    this.#unsubscribe();
    clearInterval(this.#pings);
  }

  #ping(): void {
    for (const peer of this.#server.clients) {
      if (this.#alive.delete(peer)) peer.ping();
      else peer.terminate();
    }
  }

  #send(message: SocketMessage): void {
    const text = JSON.stringify(message);
    for (const peer of this.#server.clients) {
      peer.send(text, () => {
        // A failed write ends in the peer's `close` event, which is where it is dealt with.
      });
      if (peer.bufferedAmount > maxBacklogBytes) peer.terminate();
    }
  }
}
