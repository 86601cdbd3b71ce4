/**
 * Connections to the instances. Nearly every request has a body that is there as a whole, or none; such
 * a one goes over a path of our own (upstream-socket.ts), which costs half of what undici takes for it.
 * Whatever else there is, a body that still comes above all, goes over undici.
 *
 * A request is sent once. That a connection breaks while it waits for the answer does not tell whether
 * the instance has seen it, so whether it is made again is for others to say (call-failure.ts).
 */
import { Agent, type Dispatcher } from 'undici';
import { type PlainRequest, type SocketOwner, UpstreamSocket } from './upstream-socket.ts';

/** Sockets per instance. Each open GET stream keeps one, each call one while it runs. */
const maxSocketsPerInstance = 1_024;

/** A local instance that has not taken the connection by then will not, in ms. */
const connectTimeoutMs = 10_000;

/** How often connections that rested too long are looked for, in ms. */
const lookEveryMs = 1_000;

/** What the connection rules itself, and what frames the body. */
const ruledHere = /^(?:host|connection|content-length|transfer-encoding)$/i;

/** What may stand in a head: undici tells what is wrong with anything else. */
const safeName = /^[\w!#$%&'*+.^`|~-]+$/;
const safeValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const safeTarget = /^\/[\x21-\x7e\x80-\xff]*$/;

const loopback = /^http:\/\/(127\.0\.0\.1:(\d{1,5}))$/;

export class UpstreamAgent extends Agent {
  /** By origin. */
  readonly #instances = new Map<string, InstanceSockets>();
  /** Runs while there are connections. */
  #care: NodeJS.Timeout | undefined;

  constructor() {
    // No timeout on answers: a tool may think for an hour.
    super({
      connections: maxSocketsPerInstance,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: connectTimeoutMs },
    });
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = String(options.origin);
    const instance = this.destroyed || this.closed ? null : this.#instance(origin);
    const request = instance === null ? null : plainRequest(options, instance.host);
    if (instance === null || request === null) return super.dispatch(options, handler);
    instance.send(request, handler);
    return true;
  }

  /** Breaks off what is under way. */
  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(...args: readonly unknown[]): Promise<void> | void {
    clearInterval(this.#care);
    for (const instance of this.#instances.values()) instance.close();
    return Reflect.apply(super.destroy, this, args) as Promise<void> | void;
  }

  #instance(origin: string): InstanceSockets | null {
    const known = this.#instances.get(origin);
    if (known) return known;
    const [, host, port] = loopback.exec(origin) ?? [];
    if (host === undefined) return null;
    const instance = new InstanceSockets(host, Number(port));
    this.#instances.set(origin, instance);
    this.#care ??= setInterval(() => this.#closeRested(), lookEveryMs).unref();
    return instance;
  }

  #closeRested(): void {
    const now = performance.now();
    for (const [origin, instance] of this.#instances) {
      instance.closeRested(now);
      if (instance.isUnused) this.#instances.delete(origin);
    }
    if (this.#instances.size > 0) return;
    clearInterval(this.#care);
    this.#care = undefined;
  }
}

/** The connections to one instance. */
class InstanceSockets implements SocketOwner {
  readonly host: string;
  readonly #port: number;
  readonly #open = new Set<UpstreamSocket>();
  /** The one that rests for the shortest time is last. */
  readonly #resting: UpstreamSocket[] = [];
  readonly #waiting: { request: PlainRequest; handler: Dispatcher.DispatchHandler }[] = [];

  constructor(host: string, port: number) {
    this.host = host;
    this.#port = port;
  }

  get isUnused(): boolean {
    return this.#open.size === 0 && this.#waiting.length === 0;
  }

  /** Sends the request as soon as a connection is free. */
  send(request: PlainRequest, handler: Dispatcher.DispatchHandler): void {
    const socket = this.#takeRested() ?? this.#connect();
    if (socket === null) this.#waiting.push({ request, handler });
    else socket.send(request, handler);
  }

  closeRested(now: number): void {
    for (const socket of this.#resting.filter((each) => !each.isUsable(now))) this.#drop(socket);
  }

  close(): void {
    const over = new Error('the gateway is closing');
    for (const { handler } of this.#waiting.splice(0)) handler.onResponseError?.(ended, over);
    for (const socket of this.#open) socket.close(over);
  }

  onRest(socket: UpstreamSocket): void {
    const next = this.#waiting.shift();
    if (next) socket.send(next.request, next.handler);
    else this.#resting.push(socket);
  }

  onClosed(socket: UpstreamSocket): void {
    this.#open.delete(socket);
    const place = this.#resting.indexOf(socket);
    if (place !== -1) this.#resting.splice(place, 1);
    const next = this.#waiting.shift();
    if (next) this.send(next.request, next.handler);
  }

  #takeRested(): UpstreamSocket | null {
    const now = performance.now();
    for (let socket = this.#resting.pop(); socket; socket = this.#resting.pop()) {
      if (socket.isUsable(now)) return socket;
      this.#drop(socket);
    }
    return null;
  }

  #connect(): UpstreamSocket | null {
    if (this.#open.size >= maxSocketsPerInstance) return null;
    const socket = new UpstreamSocket(this.#port, this);
    this.#open.add(socket);
    return socket;
  }

  #drop(socket: UpstreamSocket): void {
    socket.close(new Error('it rested too long'));
  }
}

/** Steers an exchange that never began. */
const ended: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  abort: () => {},
  pause: () => {},
  resume: () => {},
};

type Kind = 'unsafe' | 'ruled here' | 'passed on';

/** The names that were seen: clients send the same few again and again. */
const kinds = new Map<string, Kind>();
const maxKinds = 1_000;

function kindOf(name: string): Kind {
  const known = kinds.get(name);
  if (known !== undefined) return known;
  const other = ruledHere.test(name) ? 'ruled here' : 'passed on';
  const kind = safeName.test(name) ? other : 'unsafe';
  if (kinds.size < maxKinds) kinds.set(name, kind);
  return kind;
}

/** The request as it is to be written; null for one that is not that plain. */
function plainRequest(
  { method, path, headers, body, upgrade, query }: Agent.DispatchOptions,
  host: string,
): PlainRequest | null {
  const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? null);
  const isPlain = bytes === null || Buffer.isBuffer(bytes);
  if (!isPlain || !Array.isArray(headers) || upgrade || query || !safeTarget.test(path))
    return null;
  let fields = '';
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = String(headers[index]);
    const value = String(headers[index + 1]);
    const kind = kindOf(name);
    if (kind === 'unsafe' || !safeValue.test(value)) return null;
    if (kind === 'passed on') fields += `${name}: ${value}\r\n`;
  }
  // A method that has a meaning for bodies tells that there is none (RFC 9110 §8.6).
  if (bytes !== null || method === 'POST' || method === 'PUT' || method === 'PATCH') {
    fields += `content-length: ${bytes?.length ?? 0}\r\n`;
  }
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${fields}\r\n`;
  return { method, head, body: bytes };
}
