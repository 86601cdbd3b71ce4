import type { ProcessEntry } from '../../shared/status.ts';

/** How deep each process of a tree lies under its leader, by pid. Parents stand before their children. */
export function processDepths(
  rows: readonly Pick<ProcessEntry, 'pid' | 'parent'>[],
): ReadonlyMap<number, number> {
  const depths = new Map<number, number>();
  for (const { pid, parent } of rows) {
    const above = depths.get(parent);
    // One whose parent has ended belongs to the tree all the same: it lies under the leader.
    depths.set(pid, depths.size === 0 ? 0 : (above ?? 0) + 1);
  }
  return depths;
}
