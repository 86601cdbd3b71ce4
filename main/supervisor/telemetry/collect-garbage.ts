import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What is collected; everything when nothing is said. As V8 takes it: `gc` of `--expose-gc`. */
export interface Collection {
  readonly type: 'major' | 'minor';
  readonly execution?: 'sync';
  readonly flavor?: 'last-resort';
}

/**
 * A way to collect garbage at once, in a program that was not started for it: Node offers it to no such
 * program, but a context that is made after the flag was set has it. To be asked for once.
 */
export function garbageCollector(): (collection?: Collection) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as (collection?: Collection) => void;
}
