/**
 * Structural sharing: a snapshot is a whole new object each time, though little in it changed. Reusing
 * the old parts lets React skip the rows that stayed the same.
 */
export function shareUnchanged<Value>(before: unknown, after: Value): Value {
  if (Object.is(before, after)) return after;
  if (Array.isArray(before) && Array.isArray(after)) {
    const items = after.map((item, index) => shareUnchanged(before[index], item) as unknown);
    const same = items.length === before.length && items.every((item, i) => item === before[i]);
    return (same ? before : items) as Value;
  }
  if (isRecord(before) && isRecord(after)) {
    const entries = Object.entries(after).map(
      ([key, value]) => [key, shareUnchanged(before[key], value)] as const,
    );
    const same =
      entries.length === Object.keys(before).length &&
      entries.every(([key, value]) => Object.is(value, before[key]));
    return (same ? before : Object.fromEntries(entries)) as Value;
  }
  return after;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
