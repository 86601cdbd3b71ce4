/**
 * Speaks for a live region without chattering: the first message at once, those that follow within
 * the gap together at its end, and of each subject only the latest.
 */
export interface RateLimitedVoice {
  /** Says each message, or replaces what is still unsaid about the same subject. */
  say(messages: ReadonlyMap<string, string>): void;
  /** Forgets what is unsaid. */
  stop(): void;
}

export function createRateLimitedVoice(
  speak: (text: string) => void,
  gapMs: number,
): RateLimitedVoice {
  const unsaid = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    timer = undefined;
    if (unsaid.size === 0) return;
    speak(`${[...unsaid.values()].join('. ')}.`);
    unsaid.clear();
    timer = setTimeout(flush, gapMs);
  }

  return {
    say: (messages) => {
      for (const [subject, message] of messages) unsaid.set(subject, message);
      if (timer === undefined) flush();
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      unsaid.clear();
    },
  };
}
