/** A session of the legacy era as the front sees it: its id, its GET stream, and whether it is in use. */
import type { Flow } from './flow.ts';
import { type JsonObject, objectOr, type RequestPacket } from './packet.ts';
import { SessionStream } from './session-stream.ts';

export class Session {
  /** Crypto-random (MCP 2025-11-25 transports). */
  readonly id: string;
  /** Its first characters, for logs: the whole id is what lets one in. */
  readonly label: string;
  /** Holds its server's output up while its streams are not taken. */
  readonly flow: Flow;
  readonly stream: SessionStream;
  readonly #capabilities: JsonObject;
  readonly #now: () => number;
  #lastUseMs: number;
  #requests = 0;
  #version: string | null = null;

  constructor(id: string, initialize: RequestPacket, flow: Flow, now: () => number) {
    this.id = id;
    this.label = id.slice(0, 8);
    this.flow = flow;
    this.stream = new SessionStream(flow);
    this.#capabilities = objectOr(initialize.params['capabilities']);
    this.#now = now;
    this.#lastUseMs = now();
  }

  /** The protocol version that it was answered; null before. */
  get version(): string | null {
    return this.#version;
  }

  opened(version: unknown): void {
    this.#version = typeof version === 'string' ? version : null;
  }

  /** What the client said it can do: `sampling`, `elicitation`, `roots`. */
  can(capability: string): boolean {
    return capability in this.#capabilities;
  }

  /** Something of it is under way until `release` is called. */
  use(): { readonly release: () => void } {
    this.#requests += 1;
    this.#lastUseMs = this.#now();
    return {
      release: () => {
        this.#requests -= 1;
        this.#lastUseMs = this.#now();
      },
    };
  }

  /** How long nothing was under way, in ms; 0 while something is. */
  get idleMs(): number {
    return this.#requests > 0 ? 0 : this.#now() - this.#lastUseMs;
  }
}
