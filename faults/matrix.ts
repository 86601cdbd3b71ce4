/** Every fault, in the order of the matrix (docs/faults.md), and how some of them are chosen. */
import { clock } from './clock.ts';
import { damage } from './damage.ts';
import { disk } from './disk.ts';
import { doors } from './doors.ts';
import { edits } from './edits.ts';
import type { Fault } from './fault.ts';
import { host } from './host.ts';
import { instances } from './instances.ts';
import { kills } from './kills.ts';
import { limits } from './limits.ts';
import { loops } from './loops.ts';
import { orders } from './orders.ts';
import { output } from './output.ts';
import { ports } from './ports.ts';
import { records } from './records.ts';
import { slow } from './slow.ts';
import { stops } from './stops.ts';
import { trees } from './trees.ts';

export const matrix: readonly Fault[] = [
  ...kills,
  ...stops,
  ...loops,
  ...ports,
  ...disk,
  ...clock,
  ...trees,
  ...records,
  ...damage,
  ...instances,
  ...limits,
  ...output,
  ...slow,
  ...edits,
  ...orders,
  ...host,
  ...doors,
];

/** Those of a list such as `F3,F6b`; `F6` means all its parts, no list means all. */
export function chosen(
  faults: readonly Fault[],
  only: string | undefined,
  isQuick: boolean,
): readonly Fault[] {
  const wanted = only?.split(',').map((id) => id.trim().toUpperCase());
  return faults.filter(({ id, isQuick: isInQuick }) => {
    const row = id.replace(/[a-z]$/, '');
    const isWanted = wanted?.some((each) => each === id.toUpperCase() || each === row) ?? true;
    return isWanted && (isInQuick || !isQuick);
  });
}
