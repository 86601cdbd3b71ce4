import { useEffect, useState } from 'react';
import { control } from '../../shared/api.ts';
import type { TrendsReply } from '../../shared/control-replies.ts';
import { messageOf } from '../../shared/errors.ts';
import { useBridge } from './use-bridge.ts';

export interface LatestTrends {
  /** The last answer; null before the first. */
  readonly data: TrendsReply | null;
  /** Why the last request was refused; null when it was not. */
  readonly error: string | null;
}

/**
 * How the last hour went, asked again every so often while the page is seen; a hidden page asks nothing, and
 * asks at once when it is seen again.
 */
export function useTrends(everyMs: number): LatestTrends {
  const bridge = useBridge();
  const [latest, setLatest] = useState<LatestTrends>({ data: null, error: null });

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;

    async function ask(): Promise<void> {
      clearTimeout(timer);
      if (document.hidden) return;
      try {
        const data = await control(bridge, { type: 'Trends' });
        if (!isOver) setLatest({ data, error: null });
      } catch (refusal) {
        if (!isOver) setLatest(({ data }) => ({ data, error: messageOf(refusal) }));
      }
      clearTimeout(timer);
      if (!isOver) timer = setTimeout(() => void ask(), everyMs);
    }

    const follow = () => void ask();
    document.addEventListener('visibilitychange', follow);
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', follow);
    };
  }, [bridge, everyMs]);

  return latest;
}
