/**
 * The interactive terminal: a shell in the status page, on demand. Opening the page starts it, and it
 * ends, with everything that was started in it, a moment after the last page has left: a reload is not
 * the end of anybody's work, a closed tab is. For the rest it is a service like any other.
 *
 * Who may come in is decided by the status page's door: this one is reached through it only.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { ServiceStatus, StateTransition } from '../../../shared/status.ts';
import { terminalPage } from '../../../shared/terminal-protocol.ts';
import type { Service } from '../services/service.ts';
import type { Screen } from './screen.ts';
import { maxMessageBytes, Viewer } from './viewer.ts';

export interface TerminalOptions {
  readonly service: Pick<Service, 'start' | 'stop' | 'restart' | 'status' | 'state' | 'history'>;
  readonly screen: Screen;
  /** The status page without its token; null while it is off. */
  readonly pageUrl: () => string | null;
  /** How long the shell waits for a viewer to come back, in ms. */
  readonly lingerMs?: number;
}

/** Enough for a page to be loaded again, or its connection to be made anew. */
const usualLingerMs = 10_000;

/** More pages than anybody looks at. */
const maxViewers = 32;

export class Terminal {
  readonly #options: TerminalOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: maxMessageBytes,
    // What a shell prints is not worth the memory of a compressor for each page.
    perMessageDeflate: false,
  });
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  get state(): ServiceStatus['state'] {
    return this.#options.service.state;
  }

  get history(): readonly StateTransition[] {
    return this.#options.service.history;
  }

  status(): ServiceStatus {
    const pageUrl = this.#options.pageUrl();
    const url = pageUrl === null ? null : `${pageUrl}${terminalPage}`;
    return { ...this.#options.service.status(), url };
  }

  async start(): Promise<void> {
    await this.#options.service.start();
  }

  async stop(reason: string): Promise<void> {
    clearTimeout(this.#lingerTimer);
    await this.#options.service.stop(reason);
  }

  async restart(reason: string): Promise<void> {
    await this.#options.service.restart(reason);
  }

  /** A page comes in; the door has checked who it is. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#server.clients.size >= maxViewers) {
      socket.once('finish', () => socket.destroy());
      socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      const { screen } = this.#options;
      new Viewer(opened, {
        onJoin: (viewer) => this.#join(viewer),
        onResize: () => screen.fit(),
        onRead: () => screen.regulate(),
        onType: (bytes) => screen.type(bytes),
        onLeave: (viewer) => this.#leave(viewer),
      });
    });
  }

  /** Cuts every connection; to be called when it is stopped for good. */
  close(): void {
    clearTimeout(this.#lingerTimer);
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  #join(viewer: Viewer): void {
    clearTimeout(this.#lingerTimer);
    const { screen, service } = this.#options;
    // First the viewer: a shell should be born with the size it is seen in.
    screen.join(viewer);
    // A start that fails ends in a state, and that ends the viewers.
    service.start().catch(() => {});
  }

  #leave(viewer: Viewer): void {
    const { screen, service, lingerMs = usualLingerMs } = this.#options;
    screen.leave(viewer);
    if (screen.viewers > 0) return;
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = setTimeout(() => {
      void service.stop('nobody looks at it any more');
    }, lingerMs);
    this.#lingerTimer.unref();
  }
}
