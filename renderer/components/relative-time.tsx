import { useNow } from '../hooks/use-now.ts';
import { formatAgo, formatCountdown, formatFor } from '../model/format.ts';

interface Props {
  /** ISO 8601. */
  readonly at: string;
}

/** `3 min ago`, with the exact moment as a tooltip. */
export function Ago({ at }: Props) {
  return <Moment at={at} text={formatAgo(at, useNow('calm'))} />;
}

/** How long something has lasted: `3 min`. */
export function Lasting({ at }: Props) {
  return <Moment at={at} text={formatFor(at, useNow('calm'))} />;
}

/** Counts down by the second: `in 12 s`. */
export function Countdown({ at }: Props) {
  return <Moment at={at} text={formatCountdown(at, useNow('quick'))} />;
}

function Moment({ at, text }: Props & { readonly text: string }) {
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {text}
    </time>
  );
}
