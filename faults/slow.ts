/** F13: clients that read slowly, or stop reading: of events, of control, of logs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Gap } from '../shared/events.ts';
import { ControlClient } from '../test/control-client.ts';
import type { RunningSupervisor } from '../test/harness.ts';
import { inspectFlag } from '../test/held-memory.ts';
import { SseParser } from '../test/sse-client.ts';
import { until } from '../test/until.ts';
import { bare, emit, heldMb, script, serviceIn, took } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

const stoppedReaders = 20;
const eventBytes = 8_000;

/** More than the kernel's buffers of one connection take, so that a reader that stopped is overtaken. */
const events = ({ isQuick }: Stage) => (isQuick ? 1_500 : 6_000);

/** What is asked beside them is answered within this, in ms, on a machine that is busy as well. */
const patientMs = 10_000;

/** What all readers that stopped may cost together. */
const maxHeldMb = 60;

/** A client of the event stream that reads its head and then nothing, until it goes on. */
class StoppedReader {
  readonly socket: Socket;
  readonly #parser = new SseParser();
  readonly seen: { readonly id: number; readonly gap: Gap | null }[] = [];

  constructor(url: string) {
    const { hostname, port, pathname } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.write(
      `GET ${pathname} HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    this.socket.on('error', () => {});
    this.socket.pause();
  }

  /** Reads everything that comes; HTTP/1.0 has no chunks. */
  goOn(): void {
    let head: string | null = '';
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      let body = text;
      if (head !== null) {
        head += text;
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        body = head.slice(end + 4);
        head = null;
      }
      for (const { type, data, lastEventId } of this.#parser.push(body)) {
        const gap = type === 'gap' ? (JSON.parse(data) as Gap) : null;
        this.seen.push({ id: Number(lastEventId), gap });
      }
    });
    this.socket.resume();
  }

  /** Throws where an id is missing that no gap tells of. */
  assertNoSilentHole(): number {
    let next: number | null = null;
    let lost = 0;
    for (const { id, gap } of this.seen) {
      const from: number = gap?.from ?? id;
      if (next !== null) assert.equal(from, next, `nobody told of the hole before ${from}`);
      if (gap) lost += gap.to - gap.from + 1;
      next = (gap?.to ?? id) + 1;
    }
    return lost;
  }
}

async function stoppedSubscribers(stage: Stage): Promise<string> {
  const supervisor = await stage.start({ settings: bare, nodeFlags: [inspectFlag] });
  const readers = Array.from(
    { length: stoppedReaders },
    () => new StoppedReader(supervisor.eventsUrl),
  );
  stage.defer(() => {
    for (const { socket } of readers) socket.destroy();
  });
  const quick = await stage.subscriber(supervisor);
  await supervisor.until(
    'all subscribers',
    (it) => it.events.subscribers.length === stoppedReaders + 1,
  );
  const before = await heldMb(supervisor);
  const count = events(stage);
  const text = 'e'.repeat(eventBytes);
  let slowest = 0;
  let last = 0;
  for (let event = 0; event < count; event += 1) {
    slowest = Math.max(slowest, await took(async () => (last = await emit(supervisor, text))));
  }
  await quick.until('the last event', ({ lastEventId }) => lastEventId === String(last), 30_000);
  assert.equal(quick.events.filter(({ type }) => type === 'gap').length, 0);
  assert.equal(quick.events.length, count, 'the reader that reads lost something');
  const after = await heldMb(supervisor);
  assert.ok(after - before < maxHeldMb, `${after - before} MB more`);
  const [first] = readers;
  first?.goOn();
  await until(() => first?.seen.at(-1)?.id === last || first?.seen.at(-1)?.gap?.to === last, {
    what: 'the reader that stopped to be up to date',
  });
  const lost = first?.assertNoSilentHole() ?? 0;
  assert.ok(lost > 0, 'it was never overtaken');
  return `${count} events of ${eventBytes} bytes, ${stoppedReaders} readers stopped: the quick one got all, publishing took ${slowest} ms at most, ${after - before} MB more held; one that went on was told of ${lost} lost ones by gaps`;
}

/** A control connection that watches everything and reads nothing. */
function stoppedWatcher(stage: Stage, { ports }: RunningSupervisor): Socket {
  const socket = connect({ path: ports.control_socket }).on('error', () => {});
  socket.pause();
  for (const request of [
    { type: 'Watch', id: 1, topics: ['state', 'snapshot', 'events'] },
    { type: 'Watch', id: 2, topics: ['logs'], service: 'chatty' },
  ]) {
    socket.write(`${JSON.stringify(request)}\n`);
  }
  stage.defer(() => void socket.destroy());
  return socket;
}

const chatty = script(
  'chatty',
  `setInterval(() => { for (let i = 0; i < 20; i += 1) console.log('l'.repeat(500)); }, 10)`,
);

async function stoppedWatchers(stage: Stage): Promise<string> {
  const supervisor = await stage.start({
    settings: bare,
    servers: [chatty],
    nodeFlags: [inspectFlag],
  });
  const watchers = Array.from({ length: stoppedReaders }, () => stoppedWatcher(stage, supervisor));
  const before = await heldMb(supervisor);
  const count = events(stage);
  let slowest = 0;
  for (let event = 0; event < count; event += 1) {
    slowest = Math.max(slowest, await took(() => emit(supervisor, 'w'.repeat(eventBytes))));
  }
  const after = await heldMb(supervisor);
  assert.ok(after - before < maxHeldMb, `${after - before} MB more`);
  const [first] = watchers;
  const topics = new Map<string, number>();
  let dropped = 0;
  if (first) {
    createInterface({ input: first }).on('line', (line) => {
      const news = JSON.parse(line) as { topic?: string; dropped?: number };
      topics.set(news.topic ?? 'reply', (topics.get(news.topic ?? 'reply') ?? 0) + 1);
      dropped += news.dropped ?? 0;
    });
    first.resume();
  }
  await until(() => topics.has('snapshot') && topics.has('logs') && dropped > 0, {
    what: 'the watcher that goes on to be told what it missed',
    instead: () => [...topics],
  });
  assert.equal(serviceIn(await supervisor.snapshot(), 'chatty').restarts, 0);
  return `${stoppedReaders} watchers of state, events and a service that prints 1 MB/s, none of which reads: control answered within ${slowest} ms, ${after - before} MB more held; one that went on was told of ${dropped} dropped lines`;
}

/** Half a request, and silence: on every door. */
async function halfRequests(stage: Stage): Promise<string> {
  const supervisor = await stage.start();
  const { services } = supervisor.ports;
  const doors = [services['mcp_proxy'], services['gui_server'], services['control_tcp']];
  const half = ['POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le', 'GET / HT', '{"type":"Sta'];
  const sockets = doors.flatMap((port) =>
    Array.from({ length: 100 }, () => connect(port ?? 0, '127.0.0.1')),
  );
  stage.defer(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const [index, socket] of sockets.entries()) {
    socket.on('error', () => {});
    await new Promise((resolve) => {
      socket.write(half[Math.floor(index / 100)] ?? '', resolve);
    });
  }
  const client = await stage.client(supervisor, 'agent');
  const ms = await took(() =>
    client.call('memory_workspace', { action: 'register', path: '/work/beside' }),
  );
  const page = await fetch(supervisor.loginUrl, {
    redirect: 'manual',
    signal: AbortSignal.timeout(patientMs),
  });
  assert.equal(page.status, 303);
  // Over the door that is full of them; the socket is another one.
  const beside = await ControlClient.open(services['control_tcp'] ?? 0);
  stage.defer(() => beside.close());
  const control = await took(() => beside.send<'Status'>({ type: 'Status' }));
  const waiting = sockets.filter(({ readable }) => readable).length;
  assert.equal(waiting, sockets.length, 'who has said half was not waited for');
  return `${sockets.length} connections with half a request each, all waited for: beside them a call took ${ms} ms, control over TCP ${control} ms, the page opened`;
}

export const slow: readonly Fault[] = [
  {
    id: 'F13',
    done: 'subscribers of events stop reading while thousands of events come',
    promised:
      'publisher and quick readers notice nothing; memory is bounded; who lags is told what it lost',
    isQuick: true,
    lacks: onlyOnLinux,
    run: stoppedSubscribers,
  },
  {
    id: 'F13b',
    done: 'control clients watch state, events and logs, and stop reading',
    promised:
      'control answers others; memory is bounded; who lags is told how many lines it missed',
    isQuick: true,
    lacks: onlyOnLinux,
    run: stoppedWatchers,
  },
  {
    id: 'F13c',
    done: 'three hundred connections send half a request and nothing more',
    promised: 'others are served beside them',
    isQuick: false,
    run: halfRequests,
  },
];
