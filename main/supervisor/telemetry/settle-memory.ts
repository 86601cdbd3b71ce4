/** Gives back what only the start of a thread needed, once: it may live for weeks after it. */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** By then the services of an ordinary configuration have started, in ms. */
const settleAfterMs = 5_000;

type Collect = (options: {
  readonly type: 'major';
  readonly execution: 'sync';
  readonly flavor: 'last-resort';
}) => void;

/**
 * To be called once in each thread. A program that has little to do gets no big collection for hours, and
 * keeps what the start took: 10 MiB of garbage and of room for more, 3 in the journal's thread. It takes
 * some hundredths of a second, in which that thread does nothing else; what the start compiled is kept
 * for the next one before. Does not keep a process alive.
 */
export function settleMemory(): void {
  setTimeout(() => {
    flushCompileCache();
    // Node offers it to no program that was started without a flag; a context that is made now has it.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as Collect;
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, settleAfterMs).unref();
}
