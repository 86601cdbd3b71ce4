/** For tests: a source of events that answers as the test says, and what becomes of its events. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { channelOf } from './channel.test-helper.ts';
import type { EventChannel } from './channel.ts';
import { Ingest } from './ingest.ts';
import { MemoryLog, type Served, serve } from './room.test-helper.ts';
import { StreamSource, type StreamSourceOptions } from './stream-source.ts';

/** Quick enough to be waited for; each wait is told apart from the others by its length. */
export const timings = {
  retryDelaysMs: [10, 20, 40],
  goodAfterMs: 150,
  stallTimeoutMs: 5_000,
} as const;

type Answer = (response: ServerResponse) => void;

export class StreamRig {
  readonly channel: EventChannel = channelOf({ bufferSize: 100 });
  readonly ingest = new Ingest(this.channel, 'here');
  readonly log = new MemoryLog();
  readonly requests: IncomingMessage[] = [];
  /** How the server answers the first, second … request; the last one answers all further ones. */
  answers: readonly Answer[];
  readonly #sources: StreamSource[] = [];
  #server: Served | null = null;

  private constructor(answers: readonly Answer[]) {
    this.answers = answers;
  }

  /** A rig until the end of the test. */
  static async start(...answers: readonly Answer[]): Promise<StreamRig> {
    const rig = new StreamRig(answers);
    await rig.listen();
    onTestFinished(async () => {
      for (const source of rig.#sources) source.stop();
      rig.ingest.flush();
      await rig.stopListening();
    });
    return rig;
  }

  async listen(port = 0): Promise<void> {
    this.#server = await serve((request, response) => {
      this.requests.push(request);
      this.answers[Math.min(this.requests.length, this.answers.length) - 1]?.(response);
    }, port);
  }

  async stopListening(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/api/events/stream`;
  }

  /** A source that listens to the server, started. */
  source(options: Partial<StreamSourceOptions> = {}): StreamSource {
    const source = new StreamSource({
      name: 'dashboard',
      target: { url: () => this.url },
      ingest: () => this.ingest,
      logger: this.log.logger,
      timings,
      ...options,
    });
    this.#sources.push(source);
    source.start();
    return source;
  }

  /** The source ids of what entered. */
  get published(): readonly string[] {
    return this.channel.recent(100).map(({ data }) => data.source_id);
  }

  /** How long it waited before each further try, in ms. */
  get waits(): readonly unknown[] {
    return this.log.saying('event source lost').map(({ delayMs }) => delayMs);
  }
}

const streamHead = { 'content-type': 'text/event-stream' };

/** A stream that stays open. */
export const stream =
  (...chunks: readonly string[]): Answer =>
  (response) => {
    response.writeHead(200, streamHead).flushHeaders();
    for (const chunk of chunks) response.write(chunk);
  };

export const streamThatEnds =
  (text: string): Answer =>
  (response) =>
    void response.writeHead(200, streamHead).end(text);

export const status =
  (code: number): Answer =>
  (response) =>
    void response.writeHead(code).end();

/** The JSON of an event of the old dashboard. */
export function eventOf(id: string): string {
  return JSON.stringify({ id, type: 'plan_created', workspace_id: 'w', plan_id: 'p' });
}

/** Its frame. */
export function frameOf(id: string): string {
  return `data: ${eventOf(id)}\n\n`;
}
