/**
 * The promise of the channel, whatever happens in whatever order: from the first event on, each client
 * sees every id once and in order, or is told of exactly the range that it did not get.
 */
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import {
  account,
  channelOf,
  FakeSubscriber,
  nextTick,
  publish,
  readFrames,
  type Seen,
} from './channel.test-helper.ts';
import type { EventChannel } from './channel.ts';
import { soon } from './events.test-helper.ts';
import type { EventFilter } from './filter.ts';
import { Journal } from './journal.ts';
import { journalThread, MemoryLog, tempFolder } from './room.test-helper.ts';

const bufferSize = 16;
const replayBufferSize = 8;
const clientCount = 4;
/** Every client but the last one hears everything; that one hears a fifth. */
const filtered = clientCount - 1;
const filter: EventFilter = { types: null, workspaceId: 'w', planId: null };
const isFor = (id: number) => id % 5 === 0;

type Step =
  | { readonly do: 'publish'; readonly count: number }
  | { readonly do: 'connect' | 'stop' | 'read'; readonly who: number }
  | { readonly do: 'cut'; readonly who: number; readonly lostBytes: number }
  | { readonly do: 'tick' | 'turn' | 'orderly restart' }
  | { readonly do: 'crash'; readonly lost: number };

const who = fc.nat(clientCount - 1);
const clientSteps = [
  fc.record({ do: fc.constantFrom('connect', 'stop', 'read'), who }),
  fc.record({ do: fc.constant('cut'), who, lostBytes: fc.nat(300) }),
] as const;
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('publish'), count: fc.nat(30) }) },
    { weight: 6, arbitrary: clientSteps[0] },
    { weight: 3, arbitrary: clientSteps[1] },
    { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('tick', 'turn', 'turn') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('orderly restart') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash'), lost: fc.nat(20) }) },
  ) as fc.Arbitrary<Step>,
  { minLength: 5, maxLength: 60 },
);

/** One client over all its connections: what it has seen, and where it comes back. */
class Client {
  readonly seen: Seen[] = [];
  cursor: string | null = null;
  readonly #filter: EventFilter | null;
  #start: number | null = null;
  #connection: FakeSubscriber | null = null;
  /** What had come when it stopped reading; what was sent later is lost with the connection. */
  #readTo: number | null = null;

  constructor(wanted: EventFilter | null) {
    this.#filter = wanted;
  }

  connect(channel: EventChannel): void {
    if (this.#connection) return;
    this.#start ??= channel.lastId + 1;
    this.#connection = new FakeSubscriber().subscribe(channel, this.cursor, this.#filter);
    this.#readTo = null;
  }

  set reading(reading: boolean) {
    if (!this.#connection) return;
    this.#readTo = reading ? null : (this.#readTo ?? size(this.#connection));
    this.#connection.reading = reading;
  }

  /** Its connection breaks; the last bytes on the way to it are lost, perhaps half a frame. */
  cut(lostBytes: number): void {
    const connection = this.#connection;
    if (!connection) return;
    connection.leave();
    this.#connection = null;
    const end = this.#readTo ?? Math.max(0, size(connection) - lostBytes);
    const text = Buffer.concat(connection.received).subarray(0, end).toString();
    this.seen.push(...readFrames(text));
    const complete = text.split('\n\n').slice(0, -1).join('\n\n');
    this.cursor = [...complete.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? this.cursor;
    // One that never got an id is a new client the next time.
    if (this.cursor === null) this.#start = null;
  }

  /** Complains unless what it saw accounts for every id up to `lastId`. */
  check(lastId: number): void {
    const current = this.#connection === null ? [] : this.#connection.seen;
    const all = [...this.seen, ...current];
    if (this.#start === null) return;
    if (this.#filter) expect(accountFiltered(all, this.#start, lastId)).toBe('complete');
    else expect(account(all, this.#start)).toBe(lastId + 1);
  }

  get gaps() {
    return this.seen.flatMap((each) => ('gap' in each ? [each.gap] : []));
  }
}

const size = ({ received }: FakeSubscriber) =>
  received.reduce((sum, { length }) => sum + length, 0);

/** As `account`, for one that asked for some events only: those it saw or was told of, in order. */
function accountFiltered(seen: readonly Seen[], start: number, lastId: number): string {
  let next = start;
  const missing = (to: number) => {
    for (let id = next; id < to; id += 1) if (isFor(id)) return `${id} is missing`;
    return null;
  };
  for (const each of seen) {
    if ('named' in each) continue;
    const from = 'id' in each ? each.id : each.gap.from;
    if (from < next) return `${JSON.stringify(each)} comes after ${next - 1}`;
    if ('id' in each && !isFor(each.id)) return `${each.id} was not asked for`;
    const complaint = missing(from);
    if (complaint) return complaint;
    next = 'id' in each ? each.id + 1 : each.gap.to + 1;
  }
  return missing(lastId + 1) ?? 'complete';
}

function publishSome(channel: EventChannel, count: number): void {
  for (let index = 0; index < count; index += 1) {
    if (!isFor(channel.lastId + 1)) publish(channel);
    else {
      const origin = { timestamp: '', source: 'test', source_id: `w${channel.lastId}` };
      channel.publish({ event_type: 'workspace_changed', workspace_id: 'w' }, origin);
    }
  }
}

/** A life of the supervisor: the channel with what it keeps on disk. */
interface Life {
  readonly channel: EventChannel;
  readonly endOrderly: () => Promise<Life>;
  /** `lost` of the newest events are not on disk. */
  readonly crash: (lost: number) => Promise<Life>;
}

async function play(first: Life, plan: readonly Step[]): Promise<Life> {
  let life = first;
  const clients = Array.from(
    { length: clientCount },
    (_, index) => new Client(index === filtered ? filter : null),
  );
  const cutAll = (lostBytes: number) => {
    for (const client of clients) client.cut(lostBytes);
  };
  for (const step of plan) {
    switch (step.do) {
      case 'publish':
        publishSome(life.channel, step.count);
        break;
      case 'connect':
        clients[step.who]?.connect(life.channel);
        break;
      case 'stop':
      case 'read':
        for (const client of clients.slice(step.who, step.who + 1)) {
          client.reading = step.do === 'read';
        }
        break;
      case 'cut':
        clients[step.who]?.cut(step.lostBytes);
        break;
      case 'tick':
        life.channel.tick();
        break;
      case 'turn':
        await nextTick();
        break;
      case 'orderly restart':
        life = await life.endOrderly();
        cutAll(0);
        break;
      case 'crash':
        cutAll(step.lost * 10);
        life = await life.crash(step.lost);
    }
  }
  for (const client of clients) {
    client.reading = true;
    client.connect(life.channel);
  }
  const { lastId } = life.channel;
  await soon(() => {
    for (const client of clients) client.check(lastId);
  });
  return life;
}

/** In memory; what an orderly end would have written is restored if `keeps`. */
function lifeInMemory(channel: EventChannel, keeps: boolean): Life {
  const kept = () =>
    keeps ? channel.recent(bufferSize).map((event) => JSON.stringify(event)) : [];
  const next = (firstId: number, texts: readonly string[]) => {
    const later = channelOf({ bufferSize, replayBufferSize, firstId });
    later.restore(texts);
    return Promise.resolve(lifeInMemory(later, keeps));
  };
  return {
    channel,
    endOrderly: () => {
      channel.endAll();
      return next(channel.lastId + 1, kept());
    },
    crash: (lost) => {
      const texts = kept();
      return next(channel.lastId + 101, texts.slice(0, Math.max(0, texts.length - lost)));
    },
  };
}

test.each([true, false])(
  'W6 whatever happens, a client sees every event or is told what it missed (memory kept: %j)',
  async (keeps) => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        await play(lifeInMemory(channelOf({ bufferSize, replayBufferSize }), keeps), plan);
      }),
      { numRuns: 400 },
    );
  },
);

test('one that reads, and comes back in time, is never told of a gap', async () => {
  const gentle = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant('publish'), count: fc.nat(3) }),
      fc.record({ do: fc.constant('cut'), who, lostBytes: fc.nat(200) }),
      fc.record({ do: fc.constantFrom('turn') }),
    ) as fc.Arbitrary<Step>,
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(gentle, async (plan) => {
      const channel = channelOf({ bufferSize: 64, replayBufferSize: 64 });
      const client = new Client(null);
      client.connect(channel);
      for (const step of plan) {
        if (step.do === 'publish') publishSome(channel, step.count);
        if (step.do === 'turn') await nextTick();
        if (step.do !== 'cut') continue;
        client.cut(step.lostBytes);
        client.connect(channel);
      }
      client.cut(0);
      // It may have lost the last few bytes of each connection, which is far less than is kept.
      expect(client.gaps).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

/** With the real journal; `workers` has the thread of the one that was opened last. */
async function lifeOnDisk(file: string, afterId: number, workers: Worker[]): Promise<Life> {
  const { logger } = new MemoryLog();
  const limits = { maxEvents: 120, maxAgeMs: 3_600_000 };
  const options = { file, threadFile: journalThread, tail: bufferSize, logger, ...limits };
  const { journal, tail } = await Journal.open(options);
  expect(journal.status().state).toBe('on');
  const firstId = Math.max(journal.lastId ?? 0, afterId) + 1;
  const channel = channelOf({ bufferSize, replayBufferSize, firstId, journal });
  channel.restore(tail.texts);
  return {
    channel,
    endOrderly: async () => {
      channel.endAll();
      await journal.close();
      return await lifeOnDisk(file, channel.lastId, workers);
    },
    crash: async () => {
      // What was not handed over to the thread, or not committed by it, is lost.
      await workers.at(-1)?.terminate();
      channel.endAll();
      await journal.close();
      return await lifeOnDisk(file, channel.lastId + 100, workers);
    },
  };
}

test('W6 the same with the journal, across restarts and crashes', async () => {
  const workers: Worker[] = [];
  const remember = (worker: Worker) => void workers.push(worker);
  process.on('worker', remember);
  onTestFinished(() => void process.off('worker', remember));
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      await using folder = await tempFolder();
      const first = await lifeOnDisk(join(folder.path, 'events.db'), 0, workers);
      const last = await play(first, plan);
      await last.endOrderly().then(({ crash }) => crash(0));
      await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    }),
    { numRuns: 6 },
  );
}, 90_000);
