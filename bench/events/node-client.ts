/**
 * The load client where there is no C compiler: the same commands, checks and answers as sse-client.c
 * (described there), in a process of its own. It costs more than the fast servers that it measures, so
 * their deliveries per second come out too low; deliveries per CPU second of the server less so. It asks
 * by HTTP/1.0, so that no server divides its stream into chunks.
 *
 *   node node-client.ts HOST PORT PATH
 */
import { readFileSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { eventBytes } from './plans.ts';

/** Without any delivery for so long somebody lost something, in ms. */
const stuckMs = 5_000;

const [host = '', port = '', path = ''] = process.argv.slice(2);

let outstanding = 0;
let heads = 0;
let closed = 0;
let wantsLatency = false;
/** Latencies in ns. */
let samples: number[] = [];

/** One event stream; an id is a number, or `time:tag` as nchan has it. */
class EventStream {
  isReading = true;
  received = 0;
  toldMissing = 0;
  orderErrors = 0;
  lastId: number | null = null;
  readonly #socket: Socket;
  #lastTag = 0;
  #hasHead = false;
  #rest = '';

  constructor() {
    this.#socket = connect(Number(port), host);
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text) => this.#take(String(text)));
    this.#socket.once('close', () => {
      closed += 1;
    });
    this.#socket.on('error', (error) => fail(error.message));
    this.#socket.write(
      `GET ${path} HTTP/1.0\r\nHost: ${host}:${port}\r\nAccept: text/event-stream\r\n\r\n`,
    );
  }

  stall(): void {
    this.isReading = false;
    this.#socket.pause();
  }

  resume(): void {
    this.isReading = true;
    this.#socket.resume();
  }

  forgetCounts(): void {
    this.received = 0;
    this.toldMissing = 0;
    this.orderErrors = 0;
  }

  #take(text: string): void {
    let bytes = this.#rest + text;
    if (!this.#hasHead) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end >= 0) {
        if (!/^HTTP\/1\.\d 200/.test(bytes)) fail(`the server answered: ${bytes.slice(0, 200)}`);
        this.#hasHead = true;
        heads += 1;
        bytes = bytes.slice(end + 4);
      }
    }
    if (!this.#hasHead) {
      this.#rest = bytes;
      return;
    }
    const frames = bytes.split('\n\n');
    this.#rest = frames.pop() ?? '';
    for (const frame of frames) this.#takeFrame(frame);
  }

  #takeFrame(frame: string): void {
    const fields = new Map<string, string>();
    for (const line of frame.split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
    }
    const data = fields.get('data');
    const kind = fields.get('event') ?? 'message';
    const [id = Number.NaN, tag] = fields.get('id')?.split(':').map(Number) ?? [];
    if (data !== undefined && kind === 'message') this.#takeEvent(id, tag, data);
    else if (data !== undefined && kind === 'gap') this.#takeGap(data);
    if (!fields.has('id')) return;
    this.lastId = id;
    this.#lastTag = tag ?? 0;
  }

  #takeEvent(id: number, tag: number | undefined, data: string): void {
    this.received += 1;
    if (this.lastId !== null && !this.#follows(id, tag)) this.orderErrors += 1;
    if (!this.isReading) return;
    outstanding -= 1;
    if (!wantsLatency) return;
    const mark = data.indexOf('@') + 1;
    const stamp = BigInt(data.slice(mark, mark + 16));
    samples.push(Number(process.hrtime.bigint() - stamp));
  }

  #takeGap(data: string): void {
    const { from, to } = JSON.parse(data) as { readonly from: number; readonly to: number };
    const missing = to - from + 1;
    this.toldMissing += missing;
    if (this.lastId !== null && from !== this.lastId + 1) this.orderErrors += 1;
    if (this.isReading) outstanding -= missing;
  }

  #follows(id: number, tag: number | undefined): boolean {
    if (tag === undefined) return id === (this.lastId ?? 0) + 1;
    return id === this.lastId ? tag === this.#lastTag + 1 : id > (this.lastId ?? 0);
  }
}

const streams: EventStream[] = [];

function fail(what: string): never {
  process.stderr.write(`node-client: ${what}\n`);
  process.exit(1);
}

function publish(count: number, bytes: number): void {
  const stamp = String(process.hrtime.bigint()).padStart(16, '0');
  const line = Buffer.from(`publish ${count} ${stamp} ${bytes}\n`);
  for (let written = 0; written < line.length; ) {
    try {
      written += writeSync(3, line, written);
    } catch (error) {
      // A server that is behind has not read the orders before; the pipe does not wait by itself.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function readers(): number {
  return streams.filter((stream) => stream.isReading).length;
}

/** One line of JSON about the streams from `first` on; `since` is a time of `performance.now()`. */
function answer(first: number, published: number, elapsedMs: number): void {
  const reading = streams.slice(first).filter((stream) => stream.isReading);
  const sum = (of: (stream: EventStream) => number) =>
    reading.reduce((total, stream) => total + of(stream), 0);
  const sorted = Float64Array.from(samples).sort();
  const percentile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const line = {
    published,
    deliveries: sum((stream) => stream.received),
    toldMissing: sum((stream) => stream.toldMissing),
    outstanding: Math.max(0, outstanding),
    orderErrors: sum((stream) => stream.orderErrors),
    closed,
    nanoseconds: elapsedMs * 1e6,
    samples: sorted.length,
    p50: percentile(0.5),
    p99: percentile(0.99),
    max: percentile(1),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Reads until nothing is outstanding; gives up when nothing comes any more, or at the deadline. */
async function settle(deadline = Number.POSITIVE_INFINITY): Promise<void> {
  let progressAt = performance.now();
  let before = outstanding;
  while (outstanding > 0) {
    await turn();
    const now = performance.now();
    if (outstanding < before) progressAt = now;
    before = outstanding;
    if (now > deadline || now - progressAt > stuckMs) return;
  }
}

async function open(count: number): Promise<void> {
  const began = performance.now();
  for (let opened = 0; opened < count; opened += 1) streams.push(new EventStream());
  while (heads < streams.length) {
    await turn();
    if (performance.now() - began > 10_000) fail('not all streams have begun');
  }
  answer(0, 0, performance.now() - began);
}

async function runBursts(ms: number, count: number): Promise<void> {
  const began = performance.now();
  let published = 0;
  do {
    outstanding += count * readers();
    publish(count, eventBytes);
    published += count;
    await settle();
  } while (performance.now() - began < ms && outstanding <= 0);
  answer(0, published, performance.now() - began);
}

async function runRate(ms: number, count: number, periodUs: number, bytes: number) {
  const began = performance.now();
  let published = 0;
  wantsLatency = true;
  while (performance.now() - began < ms) {
    const due = Math.floor((performance.now() - began) / (periodUs / 1000)) * count;
    for (; published < due; published += count) {
      outstanding += count * readers();
      publish(count, bytes);
    }
    await delay(1);
  }
  const elapsedMs = performance.now() - began;
  await settle();
  wantsLatency = false;
  answer(0, published, elapsedMs);
}

let posting: Socket | null = null;
let accepted = 0;

function openPosting(): Socket {
  const socket = connect(Number(port), host);
  socket.setEncoding('latin1');
  let rest = '';
  socket.on('data', (text) => {
    // A status line may come in two pieces; what is kept is shorter than one.
    const bytes = rest + String(text);
    accepted += bytes.split('HTTP/1.1 2').length - 1;
    rest = bytes.slice(-9);
  });
  socket.on('error', (error) => fail(error.message));
  return socket;
}

async function runPosts(ms: number, count: number, requestBytes: number, file: string) {
  const requests = readFileSync(file);
  const burst = count * requestBytes;
  posting ??= openPosting();
  accepted = 0;
  const began = performance.now();
  let published = 0;
  for (let at = 0; at + burst <= requests.length && outstanding <= 0; at += burst) {
    if (performance.now() - began >= ms) break;
    outstanding += count * readers();
    posting.write(requests.subarray(at, at + burst));
    published += count;
    await settle();
    const deadline = performance.now() + stuckMs;
    while (accepted < published && performance.now() < deadline) await turn();
    if (accepted !== published) fail('a published event was not answered with 2xx');
  }
  answer(0, published, performance.now() - began);
}

/** What the streams that stood still missed: the first one has seen it all. */
async function resume(ms: number): Promise<void> {
  const first = readers();
  const began = performance.now();
  for (const stream of streams.slice(first)) {
    outstanding += (streams[0]?.lastId ?? 0) - (stream.lastId ?? 0);
    stream.resume();
  }
  await settle(began + ms);
  answer(first, 0, performance.now() - began);
}

async function obey(line: string): Promise<void> {
  const [command, ...words] = line.split(' ');
  const [first = 0, second = 0, third = 0, fourth = 0] = words.map(Number);
  samples = [];
  outstanding = 0;
  if (command !== 'resume') for (const stream of streams) stream.forgetCounts();
  if (command === 'connect') await open(first);
  else if (command === 'burst') await runBursts(first, second);
  else if (command === 'rate') await runRate(first, second, third, fourth);
  else if (command === 'post') await runPosts(first, second, third, words.slice(3).join(' '));
  else if (command === 'resume') await resume(first);
  else if (command === 'stall') {
    for (const stream of streams.slice(streams.length - first)) stream.stall();
    answer(0, 0, 0);
  } else fail(`no such command: ${line}`);
}

for await (const line of createInterface({ input: process.stdin })) await obey(line);
process.exit();
