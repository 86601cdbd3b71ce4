import { startTransition, useEffect, useRef, useState } from 'react';

/**
 * The value, changing at most once in `gapMs`: the first change shows at once, what follows soon shows
 * together at the end of the gap. The redraw it causes gives way to input.
 */
export function useAtMostEvery<Value>(gapMs: number, value: Value): Value {
  const [shown, setShown] = useState({ value, at: Number.NEGATIVE_INFINITY });
  const latest = useRef(value);

  useEffect(() => {
    latest.current = value;
  }, [value]);

  const behind = shown.value !== value;
  useEffect(() => {
    if (!behind) return;
    const waitMs = Math.max(0, shown.at + gapMs - performance.now());
    const timer = setTimeout(() => {
      startTransition(() => setShown({ value: latest.current, at: performance.now() }));
    }, waitMs);
    return () => clearTimeout(timer);
  }, [behind, shown.at, gapMs]);

  return shown.value;
}
