/**
 * The supervisor's heartbeat as an async iterator. A beat that is late is told as soon as it is late: a
 * half-open connection or a hanging supervisor looks alive to who only waits for the next one.
 */
import type { Beat } from '../shared/heartbeat.ts';
import { BackOff } from './back-off.ts';
import { authorization, type Gateway, mayPass } from './gateway.ts';
import { readSse } from './sse.ts';
import { SupervisorError } from './supervisor-error.ts';

export type HeartbeatItem =
  /** `restored`: it is the first one, at all or after a loss. */
  | { readonly kind: 'beat'; readonly beat: Beat; readonly restored: boolean }
  /** Told once, until a beat comes again. */
  | { readonly kind: 'lost'; readonly reason: string };

export interface HeartbeatOptions {
  /** A beat that has not come for so long is missed, in ms; two and a half periods unless told. */
  readonly missedAfterMs?: number;
  readonly signal?: AbortSignal;
}

const usualMissedAfterMs = 25_000;

/** Ends only by `signal`, by `return`, or with an error that another try would meet again. */
export async function* readHeartbeats(
  gateway: Gateway,
  options: HeartbeatOptions,
): AsyncGenerator<HeartbeatItem, void, undefined> {
  const { missedAfterMs = usualMissedAfterMs } = options;
  const end = new AbortController();
  const signal = AbortSignal.any([end.signal, ...(options.signal ? [options.signal] : [])]);
  const backOff = new BackOff();
  let alive: boolean | null = null;
  try {
    while (!signal.aborted) {
      let reason = 'the stream ended';
      try {
        for await (const beat of beats(gateway, missedAfterMs, signal)) {
          backOff.reset();
          yield { kind: 'beat', beat, restored: alive !== true };
          alive = true;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!mayPass(error)) throw error;
        reason = error.message;
      }
      if (signal.aborted) return;
      if (alive !== false) yield { kind: 'lost', reason };
      alive = false;
      await backOff.wait(signal);
    }
  } finally {
    end.abort();
  }
}

/** The beats of one connection; throws `no_reply` when one is missed. */
async function* beats(
  gateway: Gateway,
  missedAfterMs: number,
  signal: AbortSignal,
): AsyncGenerator<Beat> {
  const { events_url } = await gateway.stats(signal);
  const missed = new AbortController();
  // Comments keep the stream from stalling, not the beat from being late.
  const watchDog = setTimeout(() => missed.abort(), missedAfterMs);
  try {
    const frames = readSse(new URL('/supervisor/heartbeat', events_url).href, {
      headers: await authorization(gateway),
      signal: AbortSignal.any([signal, missed.signal]),
      connectTimeoutMs: gateway.connectTimeoutMs,
      stallMs: missedAfterMs,
    });
    for await (const { data } of frames) {
      watchDog.refresh();
      yield JSON.parse(data) as Beat;
      // The time that the reader took is not the supervisor's.
      watchDog.refresh();
    }
  } catch (error) {
    if (!missed.signal.aborted) throw error;
    throw new SupervisorError('no_reply', `No heartbeat for ${missedAfterMs} ms.`);
  } finally {
    clearTimeout(watchDog);
  }
}
