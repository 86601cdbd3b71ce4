/** What the bridge and its servers say. It goes to stderr, where the supervisor's log picks it up. */

export type Log = (line: string) => void;

/** A log whose every line says who speaks. */
export function labelled(log: Log, label: string): Log {
  return (line) => log(`[${label}] ${line}`);
}

/** How many lines of one kind are said within `windowMs`; the rest is counted. */
const linesPerWindow = 5;
const windowMs = 10_000;

/** For lines that a broken server can cause without end: few are said, the others are counted. */
export function rateLimited(log: Log, now: () => number): Log {
  let began = Number.NEGATIVE_INFINITY;
  let said = 0;
  let held = 0;
  return (line) => {
    if (now() - began >= windowMs) {
      if (held > 0) log(`${held} more lines of this kind were left out`);
      began = now();
      said = 0;
      held = 0;
    }
    if (said < linesPerWindow) {
      said += 1;
      log(line);
    } else held += 1;
  };
}

/** The most that is shown of what a stranger sent, in characters. */
const maxShown = 200;

/** Short and without control characters. */
export function printable(text: string): string {
  const plain = text.slice(0, maxShown).replace(/\p{Cc}/gu, '?');
  return text.length > maxShown ? `${plain}…` : plain;
}
