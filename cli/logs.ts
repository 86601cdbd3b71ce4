/** `pm-supervisor logs`: what a service printed, and what it prints. */
import { setTimeout as delay } from 'node:timers/promises';
import { isAway, SupervisorError } from '../client/supervisor-error.ts';
import type { ReplyData } from '../shared/control-protocol.ts';
import type { ServiceLine } from '../shared/status.ts';
import type { Context, Input } from './command.ts';
import type { ExitName } from './exit-codes.ts';
import type { Output } from './output.ts';
import { clock } from './words.ts';

/** How often it is asked for new lines, in ms: as soon as people notice. */
const askPeriodMs = 250;

/** Lines of one question while following. */
const pageLines = 2_000;

const usualLines = 200;

/** How often the instances of a pool are looked up, in ms. */
const rosterPeriodMs = 2_000;

/** Whose lines, and the first one that was not printed yet. */
type Cursors = Map<string, number>;

export async function logs(context: Context, input: Input): Promise<ExitName> {
  const name = input.required(0);
  const lines = input.number('lines', { min: 1, max: 10_000 }) ?? usualLines;
  const writer = new LogWriter(context.out, input.flag('timestamps'));
  const cursors: Cursors = new Map();
  const first: OwnedLine[] = [];
  const sources = await sourcesOf(context, name);
  writer.tellsWhose = sources.length !== 1 || sources[0] !== name;
  for (const source of sources) {
    const reply = await context.client().request('Logs', { service: source, lines });
    if (reply.problem !== null) context.out.say(`Not all output is kept: ${reply.problem}`);
    first.push(...reply.lines.map((line) => ({ ...line, service: source })));
    cursors.set(source, reply.next);
  }
  await writer.write(first.toSorted((a, b) => a.at - b.at).slice(-lines));
  if (input.flag('follow')) await follow(context, name, cursors, writer);
  return 'ok';
}

/** A pool prints nothing itself: its instances do. */
async function sourcesOf(context: Context, name: string): Promise<readonly string[]> {
  const { services, instances } = await context.client().request('Snapshot');
  const wanted = name.toLowerCase();
  const pool = services.find((each) => each.name.toLowerCase() === wanted);
  const own = instances.filter(({ server }) => server === pool?.name);
  return pool?.kind === 'mcp_pool' || own.length > 0 ? own.map((each) => each.name) : [name];
}

async function follow(
  context: Context,
  name: string,
  cursors: Cursors,
  writer: LogWriter,
): Promise<void> {
  const { signal, out } = context;
  let away = false;
  let { pid } = await context.client().connect();
  let lookAgainAt = performance.now() + rosterPeriodMs;
  while (!signal.aborted) {
    try {
      const now = await context.client().connect();
      if (now.pid !== pid) {
        // Another supervisor counts its lines anew.
        out.say('The supervisor was started anew.');
        pid = now.pid;
        cursors.clear();
      }
      if (away || cursors.size === 0 || (writer.tellsWhose && performance.now() >= lookAgainAt)) {
        await renew(context, name, cursors);
        lookAgainAt = performance.now() + rosterPeriodMs;
      }
      away = false;
      if (await printNews(context, cursors, writer)) continue;
    } catch (error) {
      if (signal.aborted) return;
      if (!isAway(error)) throw error;
      if (!away) out.say('The supervisor does not answer. Waiting for it …');
      away = true;
    }
    await delay(askPeriodMs, undefined, { signal }).catch(() => {});
  }
}

/** New instances are read from their first line on; those that are gone have nothing more to say. */
async function renew(context: Context, name: string, cursors: Cursors): Promise<void> {
  const sources = new Set(await sourcesOf(context, name));
  for (const source of sources) if (!cursors.has(source)) cursors.set(source, 1);
  for (const source of cursors.keys()) if (!sources.has(source)) cursors.delete(source);
}

/** Prints what is new; true when there is more of it. */
async function printNews(context: Context, cursors: Cursors, writer: LogWriter): Promise<boolean> {
  let more = false;
  for (const [service, since] of cursors) {
    const reply = await newsOf(context, service, since);
    if (reply === null) {
      cursors.delete(service);
      continue;
    }
    if (reply.dropped > 0) context.out.say(`${reply.dropped} lines came too fast to be kept.`);
    await writer.write(reply.lines.map((line) => ({ ...line, service })));
    more ||= reply.lines.length >= pageLines;
    cursors.set(service, reply.next);
  }
  return more;
}

/** Null when the instance has gone meanwhile. */
async function newsOf(
  context: Context,
  service: string,
  since: number,
): Promise<ReplyData['Logs'] | null> {
  try {
    return await context.client().request('Logs', { service, since, lines: pageLines });
  } catch (error) {
    if (error instanceof SupervisorError && error.code === 'unknown_service') return null;
    throw error;
  }
}

interface OwnedLine extends ServiceLine {
  readonly service: string;
}

class LogWriter {
  /** Several print here: each line says who did. */
  tellsWhose = false;
  readonly #out: Output;
  readonly #withTimes: boolean;

  constructor(out: Output, withTimes: boolean) {
    this.#out = out;
    this.#withTimes = withTimes;
  }

  /** Resolves when the reader has room for more. */
  async write(lines: readonly OwnedLine[]): Promise<void> {
    for (const line of lines) {
      if (this.#out.json) this.#out.printJson(line);
      else this.#out.print(this.#text(line));
    }
    await this.#out.drained();
  }

  #text({ service, at, stream, text }: OwnedLine): string {
    const { paint, isTerminal } = this.#out;
    const time = this.#withTimes ? `${paint('dim', clock(new Date(at)))} ` : '';
    const whose = this.tellsWhose ? `${paint('dim', `${service} |`)} ` : '';
    if (stream === 'mark') return time + whose + paint('cyan', `── ${text} ──`);
    return time + whose + (isTerminal ? harmless(text) : text);
  }
}

/** Colours may pass to a terminal, all else that steers it may not. */
function harmless(text: string): string {
  return text.replace(controlSequence, (sequence) =>
    isColour(sequence) || sequence === '\t' ? sequence : '',
  );
}

/** Escape sequences (CSI; OSC and its like; two characters), then single control characters. */
const controlSequence = new RegExp(
  [
    String.raw`\u001b\[[0-?]*[ -/]*[@-~]`,
    String.raw`\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?`,
    String.raw`\u001b[ -/]*[0-~]?`,
    String.raw`\p{Cc}`,
  ].join('|'),
  'gu',
);

function isColour(sequence: string): boolean {
  return sequence.startsWith('\u001b[') && /^[\d;:]*m$/.test(sequence.slice(2));
}
