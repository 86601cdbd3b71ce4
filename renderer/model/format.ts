/** Numbers, sizes and times as people read them. All are pure: the present moment comes in. */
import type { LastExit, ProgramStatus } from '../../shared/status.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const wholeNumber = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12408` → `12,408`. */
export function formatCount(number: number): string {
  return wholeNumber.format(number);
}

/** `1 session`, `2 sessions`. */
export function formatQuantity(number: number, noun: string): string {
  return `${formatCount(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** Decimal units, two or three digits: `512 B`, `1.2 kB`, `48 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${byteUnits[unit]}`;
}

/** Of one processor: `0 %`, `3.2 %`, `48 %`, `212 %`. */
export function formatPercent(percent: number): string {
  // Noise below a tenth would flicker.
  if (percent < 0.05) return '0 %';
  return `${percent < 9.95 ? percent.toFixed(1) : formatCount(percent)} %`;
}

/** How long the supervisor runs, by the minute: `3 h 12 min`. */
export function formatUptime(startedAt: string, now: number): string {
  const ms = elapsed(startedAt, now);
  if (ms < minuteMs) return 'under 1 min';
  const days = Math.floor(ms / dayMs);
  const hours = Math.floor((ms % dayMs) / hourMs);
  const minutes = Math.floor((ms % hourMs) / minuteMs);
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}

/** `just now`, `20 s ago`, `3 min ago`: no finer than the page's ticker, so never wrong by more. */
export function formatAgo(at: string, now: number): string {
  const span = formatSpan(elapsed(at, now));
  return span === null ? 'just now' : `${span} ago`;
}

/** How long a state has lasted: `< 10 s`, `20 s`, `3 min`, `2 h`. */
export function formatFor(since: string, now: number): string {
  return formatSpan(elapsed(since, now)) ?? '< 10 s';
}

function formatSpan(ms: number): string | null {
  if (ms < 10 * secondMs) return null;
  if (ms < minuteMs) return `${Math.floor(ms / (10 * secondMs)) * 10} s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < dayMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.floor(ms / dayMs)} d`;
}

/** How long until the next try: `in 12 s`, `in 2 min`, `now`. */
export function formatCountdown(at: string, now: number): string {
  const seconds = Math.ceil((Date.parse(at) - now) / secondMs);
  if (!(seconds > 0)) return 'now';
  return seconds < 100 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`;
}

/** One line, as in a shell: `node "my file.js" --depth 2`. For reading; no shell's rules are kept in full. */
export function formatCommand({ command, args }: Pick<ProgramStatus, 'command' | 'args'>): string {
  return [command, ...args].map(quoted).join(' ');
}

function quoted(word: string): string {
  return word === '' || /[\s"']/u.test(word) ? JSON.stringify(word) : word;
}

/** A setting in ms as people read it: `250 ms`, `1.5 s`, `30 s`, `2 min`. */
export function formatMs(ms: number): string {
  if (ms < secondMs) return `${ms} ms`;
  return ms % minuteMs === 0 ? `${ms / minuteMs} min` : `${ms / secondMs} s`;
}

/** How a process ended, without the time: `exit 1`, `SIGKILL`. */
export function formatExit(exit: LastExit): string {
  if (exit.signal !== null) return exit.signal;
  return exit.code === null ? 'ended' : `exit ${exit.code}`;
}

/** Local wall-clock time of one width: `09:05:07`. */
export function formatClock(at: string | number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

/** Local wall-clock time to the millisecond: `09:05:07.042`. */
export function formatClockMs(at: string | number): string {
  const ms = String(new Date(at).getMilliseconds()).padStart(3, '0');
  return `${formatClock(at)}.${ms}`;
}

/** An address without what goes without saying: `http://127.0.0.1:3459/` → `127.0.0.1:3459`. */
export function formatAddress(url: string): string {
  return url.replace(/^https?:\/\//u, '').replace(/\/$/u, '');
}

/** A moment on another day needs its date: `09:05:07`, `21 Nov 09:05:07`. */
export function formatMoment(at: number, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday ? formatClock(at) : `${dayAndMonth.format(date)} ${formatClock(at)}`;
}

/** The last part of a path of any system: `supervisor.toml`. */
export function fileName(path: string): string {
  return path.split(/[\\/]/u).at(-1) ?? path;
}

function elapsed(since: string, now: number): number {
  // A browser on another machine may have another clock: never show a time from the future.
  return Math.max(0, now - Date.parse(since));
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
