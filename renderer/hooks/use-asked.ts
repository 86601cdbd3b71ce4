import { useEffect, useState } from 'react';
import { control } from '../../shared/api.ts';
import type { ReplyData, RequestOf, RequestType } from '../../shared/control-protocol.ts';
import { messageOf } from '../../shared/errors.ts';
import { useBridge } from './use-bridge.ts';
import { useVisible } from './use-visible.ts';

/** What a question was answered with. */
export interface Asked<Data> {
  /** Null until the first answer. */
  readonly data: Data | null;
  /** Why the last question was refused, or null. */
  readonly error: string | null;
}

/**
 * Asks at once and whenever `because` changes, and every `everyMs` while the page can be seen (null: not
 * again). The request must be a constant of the component's life: the component is keyed by what it holds.
 */
export function useAsked<Type extends RequestType>(
  request: RequestOf<Type>,
  because: unknown,
  everyMs: number | null,
): Asked<ReplyData[Type]> {
  const bridge = useBridge();
  const visible = useVisible();
  const [fixed] = useState(request);
  const [asked, setAsked] = useState<Asked<ReplyData[Type]>>({ data: null, error: null });

  // biome-ignore lint/correctness/useExhaustiveDependencies: `because` is the reason to ask again
  useEffect(() => {
    if (!visible) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function ask(): Promise<void> {
      try {
        const data = await control(bridge, fixed);
        if (!isOver) setAsked({ data, error: null });
      } catch (refusal) {
        if (!isOver) setAsked(({ data }) => ({ data, error: messageOf(refusal) }));
      }
      // Counted from the answer: a slow one is not asked for twice at a time.
      if (!isOver && everyMs !== null) timer = setTimeout(() => void ask(), everyMs);
    }
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [bridge, fixed, visible, because, everyMs]);

  return asked;
}
