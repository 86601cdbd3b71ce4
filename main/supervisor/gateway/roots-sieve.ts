/**
 * Takes an instance's question for the client's roots out of the stream to the client, where the answer is
 * known from before the session moved (roots-record.ts). All else goes through as it came; while the
 * answer is of use, an event waits until it is complete. It is not of use for long.
 */
import type { Agent } from 'undici';
import type { RootsRecord } from '../pool/roots-record.ts';
import type { Home, Said, Session } from '../pool/sessions.ts';
import { endOfEvents, eventData } from './event-stream.ts';
import { isId, parseObject, type RpcId } from './rpc-message.ts';

/** An event that is larger is no such question: it goes on as it comes. */
const maxHeldBytes = 256 * 1024;

const question = 'roots/list';

const nothing = Buffer.alloc(0);

/** How long an instance may take to take an answer, in ms. */
const answerTimeoutMs = 10_000;

/** The sieve for an exchange of a session at its home; undefined where nothing is to be taken out. */
export function rootsSieve(session: Session, home: Home, agent: Agent): RootsSieve | undefined {
  if (!session.roots.isKnown) return undefined;
  return new RootsSieve(session.roots, (id, said) => void tell(agent, home, id, said));
}

/** Tells the instance what its client would. One that does not take it has ended, or will ask again. */
async function tell(agent: Agent, { instance, upstreamId }: Home, id: RpcId, said: Said) {
  const { origin } = instance;
  if (origin === null) return;
  const result = parseObject(said.body.toString('utf8'))?.['result'];
  const own = upstreamId === null ? [] : ['mcp-session-id', upstreamId];
  try {
    const answer = await agent.request({
      origin,
      path: '/mcp',
      method: 'POST',
      headers: [...said.headers, ...own],
      body: JSON.stringify({ jsonrpc: '2.0', id, result }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    await answer.body.dump();
  } catch {
    // Its sessions move on, and the next one is told the same.
  }
}

export class RootsSieve {
  readonly #record: Pick<RootsRecord, 'isKnown' | 'take'>;
  readonly #answer: (id: RpcId, said: Said) => void;
  /** What has come of an event that is not complete. */
  #held: Buffer = nothing;
  /** The first part of the event has gone through already. */
  #isMidway = false;

  /** `answer` is told the question's id and what the client said when it was asked. */
  constructor(
    record: Pick<RootsRecord, 'isKnown' | 'take'>,
    answer: (id: RpcId, said: Said) => void,
  ) {
    this.#record = record;
    this.#answer = answer;
  }

  /** What the client gets of what has come. */
  pass(part: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? part : Buffer.concat([this.#held, part]);
    this.#held = nothing;
    if (!this.#record.isKnown) return bytes;
    const end = endOfEvents(bytes);
    if (end > 0) this.#isMidway = false;
    const rest = bytes.subarray(end);
    if (rest.length > maxHeldBytes) this.#isMidway = true;
    if (!this.#isMidway) this.#held = rest;
    const complete = bytes.subarray(0, end);
    const passed = complete.includes(question) ? this.#withoutQuestion(complete) : complete;
    return this.#isMidway ? Buffer.concat([passed, rest]) : passed;
  }

  /** What is left when the stream has ended. */
  rest(): Buffer {
    const held = this.#held;
    this.#held = nothing;
    return held;
  }

  #withoutQuestion(events: Buffer): Buffer {
    const kept = events
      .toString('utf8')
      .split(/(?<=\n\r?\n)/)
      .filter((event) => !(event.includes(question) && this.#isAnswered(event)));
    return Buffer.from(kept.join(''));
  }

  #isAnswered(event: string): boolean {
    const message = parseObject(eventData(event));
    const id = message?.['id'];
    if (message?.['method'] !== question || !isId(id)) return false;
    const said = this.#record.take();
    if (said === null) return false;
    this.#answer(id, said);
    return true;
  }
}
