/** A supervisor that only answers, and a client that speaks lines, for the tests of this folder. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import pino from 'pino';
import { expect } from 'vitest';
import type { Reply, ReplyData, RequestType } from '../../../shared/control-protocol.ts';
import type { FormAppResponse } from '../../../shared/control-replies.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { StampedEvent } from '../../../shared/events.ts';
import { eventStatsFixture, noon, snapshotFixture } from '../../../shared/status.test-helper.ts';
import type {
  ClientStatus,
  EventStats,
  ServiceLine,
  StateTransition,
  StatusSnapshot,
} from '../../../shared/status.ts';
import { FakeConfigDesk } from './config-desk.test-helper.ts';
import type { Dispatch } from './dispatcher.ts';
import type { ClientDesk, ControlTarget, LogsQuery, Published } from './target.ts';
import { TokenCheck } from './token-check.ts';
import type { WatchSources } from './watches.ts';

export const silent = pino({ level: 'silent' });

export function tokenCheck(token: string): TokenCheck {
  return new TokenCheck({ token, logger: silent, now: () => performance.now() });
}

/** What went through the event channel before a test. */
const pastEvents: EventStats = eventStatsFixture({
  published: 7,
  delivered: 21,
  lagged: 2,
  deduplicated: 3,
  rejected: 1,
  replayed: 4,
  gaps: { lagged: 1, expired: 0, unknown: 0 },
  lastId: 99,
});

/** `noon` as the control protocol tells times. */
export const noonSeconds = Date.parse(noon) / 1_000;

/** Asks whichever dispatcher there is now: for the data of a reply, or for the code of a refusal. */
export function asking(dispatch: () => Dispatch) {
  return {
    dataOf: async (type: RequestType, fields: object = {}): Promise<unknown> => {
      const reply = await dispatch()({ type, ...fields });
      if (!reply.ok) throw new Error(`${reply.code}: ${reply.error}`);
      return reply.data;
    },
    codeOf: async (type: RequestType, fields: object = {}): Promise<string | null> => {
      const reply = await dispatch()({ type, ...fields });
      return reply.ok ? null : reply.code;
    },
  };
}

/** Attaches whoever comes, and forgets nobody by itself. */
class FakeDesk implements ClientDesk {
  readonly #clients: ClientStatus[] = [];

  attach(window: Parameters<ClientDesk['attach']>[0]): ClientStatus {
    const client: ClientStatus = {
      clientId: `client-${this.#clients.length + 1}`,
      windowId: window.window_id,
      pid: window.pid,
      agent: null,
      workspace: null,
      attachedAt: noon,
      leaseMs: null,
      leaseUntil: null,
      sessionIds: [],
    };
    this.#clients.push(client);
    return client;
  }

  detach(clientId: string): boolean {
    const place = this.#clients.findIndex((each) => each.clientId === clientId);
    if (place !== -1) this.#clients.splice(place, 1);
    return place !== -1;
  }

  list(): readonly ClientStatus[] {
    return this.#clients;
  }
}

/** Does what a supervisor promises to do, and notes what it was asked. */
export class FakeTarget implements ControlTarget {
  readonly config = new FakeConfigDesk();
  mode: 'desktop' | 'headless' = 'desktop';
  current: StatusSnapshot;
  transitions: readonly StateTransition[] = [];
  readonly asked: string[] = [];
  /** A test may put the real one here. */
  clients: ClientDesk = new FakeDesk();
  /** What happens, for those who watch. */
  readonly news = {
    snapshot: new Set<(snapshot: StatusSnapshot) => void>(),
    events: new Set<(events: readonly StampedEvent[]) => void>(),
    transition: new Set<(transition: StateTransition) => void>(),
    lines: new Set<(lines: readonly ServiceLine[]) => void>(),
  };
  readonly watching: WatchSources;
  backend: 'node' | 'container' = 'node';
  isWindowWanted = false;
  /** What a form app answers. */
  answer: FormAppResponse = {
    app_name: 'ask_me',
    success: true,
    response_payload: { answer: 'yes' },
    elapsed_ms: 5,
    timed_out: false,
    pending_refinement: false,
  };
  snapshots = 0;
  glances = 0;
  /** What closing a session does; a test may make it slow. */
  close: (sessionId: string) => Promise<boolean> = () => Promise.resolve(true);

  constructor(current = snapshotFixture({ events: pastEvents })) {
    this.current = current;
    const into =
      <Value>(listeners: Set<(value: Value) => void>) =>
      (listener: (value: Value) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      };
    this.watching = {
      onSnapshot: (listener) => {
        listener(this.current);
        return into(this.news.snapshot)(listener);
      },
      onEvents: into(this.news.events),
      onTransition: into(this.news.transition),
      onLines: (service, listener) => {
        this.#find(service);
        return into(this.news.lines)(listener);
      },
    };
  }

  snapshot(): StatusSnapshot {
    this.snapshots += 1;
    return this.current;
  }

  trends(): ReplyData['Trends'] {
    return { every_ms: 10_000, samples: [], failovers: [] };
  }

  glance(): void {
    this.glances += 1;
  }

  logs(name: string, query: LogsQuery): ReplyData['Logs'] {
    this.#find(name);
    this.asked.push(`logs ${name} ${query.lines} ${query.since ?? 'newest'}`);
    const lines: ReplyData['Logs']['lines'] = [{ seq: 7, at: 1, stream: 'stderr', text: 'oh' }];
    return { service: name, lines, next: 8, dropped: 0, file: null, problem: null };
  }

  processTree(name: string): Promise<ReplyData['ProcessTree']> {
    this.#ask('process tree', name);
    return Promise.resolve([]);
  }

  startService(name: string): void {
    this.#ask('start', name);
  }

  stopService(name: string): void {
    this.#ask('stop', name);
  }

  restartService(name: string): void {
    this.#ask('restart', name);
  }

  history(name: string): readonly StateTransition[] {
    this.#find(name);
    return this.transitions;
  }

  scaleUp(pool: string): Promise<void> {
    this.asked.push(`scale up ${pool}`);
    return Promise.resolve();
  }

  upgrade(pool: string): void {
    this.asked.push(`upgrade ${pool}`);
  }

  closeSession(sessionId: string): Promise<boolean> {
    return this.close(sessionId);
  }

  emitTestEvent(message: string): StampedEvent {
    if (!this.current.events.enabled) throw new CodedError('events_disabled', 'Switched off.');
    this.asked.push(`emit ${message}`);
    const origin = { timestamp: noon, source: 'control', source_id: 'pms_1' };
    return { id: 100, data: { event_type: 'test', message, ...origin } };
  }

  publishEvent(event: object, source: string): Published {
    this.asked.push(`publish from ${source}`);
    const isKnown = 'id' in event && event.id === 'known';
    return { event: isKnown ? null : this.emitTestEvent(JSON.stringify(event)) };
  }

  setBackend(backend: 'node' | 'container'): Promise<void> {
    this.backend = backend;
    return Promise.resolve();
  }

  launchApp(name: string, payload: unknown, timeoutMs: number | null): Promise<FormAppResponse> {
    this.asked.push(`launch ${name} ${JSON.stringify(payload)} ${timeoutMs}`);
    return Promise.resolve(this.answer);
  }

  continueApp(id: string, payload: unknown, timeoutMs: number | null): Promise<FormAppResponse> {
    this.asked.push(`continue ${id} ${JSON.stringify(payload)} ${timeoutMs}`);
    return Promise.resolve(this.answer);
  }

  doctor(): Promise<ReplyData['Doctor']['checks']> {
    const title = 'Node.js';
    return Promise.resolve([{ name: 'node', title, status: 'ok', message: 'fine', cure: null }]);
  }

  setEventsEnabled(enabled: boolean): void {
    this.asked.push(enabled ? 'events on' : 'events off');
  }

  setWindowVisible(visible: boolean): void {
    this.isWindowWanted = visible;
    this.asked.push(visible ? 'show' : 'hide');
  }

  shutDown(): void {
    this.asked.push('shut down');
  }

  #ask(what: string, name: string): void {
    this.#find(name);
    this.asked.push(`${what} ${name}`);
  }

  #find(name: string): void {
    const { services } = this.current;
    if (services.some((service) => service.name === name)) return;
    throw new CodedError('unknown_service', `There is no service "${name}".`);
  }
}

/** A client of a line door that keeps all it gets; `where` is a socket path or a TCP port. */
export class LineClient {
  readonly socket: Socket;
  readonly #changed = new EventTarget();
  #text = '';
  #lineCount = 0;
  #isOpen = true;

  constructor(where: string | number) {
    const options =
      typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' };
    this.socket = connect({ ...options, allowHalfOpen: true });
    this.socket.setEncoding('utf8');
    this.socket.on('data', (text: string) => {
      this.#text += text;
      this.#lineCount += text.split('\n').length - 1;
      this.#changed.dispatchEvent(new Event('change'));
    });
    for (const end of ['end', 'close']) {
      this.socket.on(end, () => {
        this.#isOpen = false;
        this.#changed.dispatchEvent(new Event('change'));
      });
    }
    this.socket.on('error', () => {});
  }

  /** All that has come so far. */
  get text(): string {
    return this.#text;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get replies(): readonly Reply[] {
    const lines = this.#text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Reply);
  }

  send(...parts: readonly (string | Uint8Array | object)[]): void {
    for (const part of parts) {
      const isRaw = typeof part === 'string' || part instanceof Uint8Array;
      this.socket.write(isRaw ? part : `${JSON.stringify(part)}\n`);
    }
  }

  /** Waits for so many replies; fails when more have come. */
  async take(count: number): Promise<readonly Reply[]> {
    await this.#until(() => this.#lineCount >= count || !this.#isOpen);
    const { replies } = this;
    expect(replies).toHaveLength(count);
    return replies;
  }

  /** Sends one request and waits for one more reply. */
  async ask(request: object): Promise<Reply> {
    const before = this.#lineCount;
    this.send(request);
    const reply = (await this.take(before + 1)).at(-1);
    if (!reply) throw new Error('no reply');
    return reply;
  }

  async closed(): Promise<void> {
    await this.#until(() => !this.#isOpen);
  }

  async #until(isTrue: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (!isTrue()) await once(this.#changed, 'change', { signal });
  }
}
