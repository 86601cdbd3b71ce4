/**
 * Follows what a service prints, by asking for what came since: often while there is much, calmly while
 * there is nothing, and not at all while nobody listens. What came between two answers is one batch, so
 * a flood costs a few redraws a second and not one a line.
 */
import type { ReplyData, RequestOf } from '../../shared/control-protocol.ts';
import { messageOf } from '../../shared/errors.ts';
import { appendPage, type LogLines, noLines } from './log-lines.ts';

/** How many of the newest lines are shown first. */
const firstLines = 1_000;
/** How many lines one answer may bring: no more work than fits into a frame. */
const batchLines = 2_000;
/** After an answer with lines more are likely; people do not see steps shorter than this. */
const busyMs = 100;
const quietMs = 1_000;
/** After a refusal, and after so many ms more for each further one, up to ten seconds. */
const retryMs = 2_000;
const maxRetryMs = 10_000;

export interface LogState extends LogLines {
  /** Why the last question was refused, or null. */
  readonly error: string | null;
  /** The file that holds more; null where none is written. */
  readonly file: string | null;
}

/** The two functions of `useSyncExternalStore`. */
export interface LogFollower {
  /** Asks while anyone is subscribed. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly getState: () => LogState;
}

type Ask = (request: RequestOf<'Logs'>) => Promise<ReplyData['Logs']>;

export function createLogFollower(service: string, ask: Ask): LogFollower {
  const listeners = new Set<() => void>();
  let state: LogState = { ...noLines, error: null, file: null };
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Of the present run: the answer of an earlier one comes too late. */
  let run = 0;
  let refusals = 0;

  function show(next: LogState): void {
    if (next.lines === state.lines && next.error === state.error && next.file === state.file) {
      state = next;
      return;
    }
    state = next;
    for (const listener of listeners) listener();
  }

  /** Asks once; returns how long to wait until the next time, in ms. */
  async function askOnce(isOver: () => boolean): Promise<number> {
    const request: RequestOf<'Logs'> =
      state.next === null
        ? { type: 'Logs', service, lines: firstLines }
        : { type: 'Logs', service, lines: batchLines, since: state.next };
    try {
      const page = await ask(request);
      if (isOver()) return 0;
      refusals = 0;
      show({ ...appendPage(state, page, Date.now()), error: null, file: page.file });
      if (page.lines.length === batchLines) return 0;
      return page.lines.length === 0 ? quietMs : busyMs;
    } catch (refusal) {
      if (isOver()) return 0;
      show({ ...state, error: messageOf(refusal) });
      refusals += 1;
      return Math.min(retryMs * refusals, maxRetryMs);
    }
  }

  async function follow(): Promise<void> {
    run += 1;
    const mine = run;
    const isOver = () => mine !== run;
    const waitMs = await askOnce(isOver);
    if (!isOver()) timer = setTimeout(() => void follow(), waitMs);
  }

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      if (listeners.size === 1) void follow();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        run += 1;
        clearTimeout(timer);
      };
    },
    getState: () => state,
  };
}
