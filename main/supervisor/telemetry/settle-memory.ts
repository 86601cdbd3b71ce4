/** Gives back what only the start of a thread needed, once: it may live for weeks after it. */
import { flushCompileCache } from 'node:module';
import { garbageCollector } from './collect-garbage.ts';

/** By then the services of an ordinary configuration have started, in ms. */
const settleAfterMs = 5_000;

/**
 * To be called once in each thread. A program that has little to do gets no big collection for hours, and
 * keeps what the start took: 10 MiB of garbage and of room for more, 3 in the journal's thread. It takes
 * some hundredths of a second, in which that thread does nothing else; what the start compiled is kept
 * for the next one before. Does not keep a process alive.
 */
export function settleMemory(): void {
  setTimeout(() => {
    flushCompileCache();
    garbageCollector()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, settleAfterMs).unref();
}
