/** Times and amounts as people read them. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `4 s`, `12 min`, `3 h 5 min`, `2 d 4 h`; a clock that was set back counts as now. */
function duration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < minute) return `${Math.floor(left / second)} s`;
  if (left < hour) return `${Math.floor(left / minute)} min`;
  if (left < day) return two(left, hour, 'h', minute, 'min');
  return two(left, day, 'd', hour, 'h');
}

function two(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % big) / small);
  const head = `${Math.floor(ms / big)} ${bigName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** How long ago a moment of ISO 8601 was. */
export function ago(iso: string, now: number): string {
  return duration(now - Date.parse(iso));
}

/** `812 KB`, `64 MB`, `1.2 GB`. */
export function bytes(amount: number): string {
  if (amount < 1_000_000) return `${Math.round(amount / 1_000)} KB`;
  if (amount < 1_000_000_000) return `${Math.round(amount / 1_000_000)} MB`;
  return `${(amount / 1_000_000_000).toFixed(1)} GB`;
}

/** The time of day, as the user's clock shows it: `14:03:07.250`. */
export function clock(at: Date): string {
  const pad = (value: number, length = 2) => String(value).padStart(length, '0');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((each) => pad(each)).join(':');
  return `${time}.${pad(at.getMilliseconds(), 3)}`;
}

export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
