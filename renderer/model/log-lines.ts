/**
 * The lines of a service as the page keeps them: bounded, in order, each with a key of its own. What is
 * missing is said in the place where it is missing.
 */
import type { ReplyData } from '../../shared/control-protocol.ts';
import type { ServiceLine } from '../../shared/status.ts';
import { withoutAnsi } from './ansi.ts';
import { formatClockMs, formatCount } from './format.ts';

/** Lines kept by the page. Longer than the supervisor's ring, so that a reader has time. */
export const maxLogLines = 10_000;

/** One line on the page. */
export interface LogLine extends Pick<ServiceLine, 'at' | 'stream' | 'text'> {
  /** Grows from line to line, also over a restart of the supervisor, which counts anew. */
  readonly key: number;
}

export interface LogLines {
  readonly lines: readonly LogLine[];
  /** The number to ask from next; null before the first answer. */
  readonly next: number | null;
  /** The key of the next line; so also how many lines there were. */
  readonly nextKey: number;
}

export const noLines: LogLines = { lines: [], next: null, nextKey: 1 };

type Page = Pick<ReplyData['Logs'], 'lines' | 'next' | 'dropped'>;

/** The lines with one more answer; the given ones themselves when it brought nothing. */
export function appendPage(log: LogLines, { lines, next, dropped }: Page, now: number): LogLines {
  const isAnew = log.next !== null && next < log.next;
  if (lines.length === 0 && dropped === 0 && next === log.next) return log;
  const gap = isAnew
    ? [mark('— the supervisor was started anew —', lines[0]?.at ?? now)]
    : dropped > 0
      ? [mark(`${formatCount(dropped)} lines are missing: they came too fast`, lines[0]?.at ?? now)]
      : [];
  const added = [...gap, ...lines].map(({ at, stream, text }, index): LogLine => {
    return { at, stream, text, key: log.nextKey + index };
  });
  const all = log.lines.concat(added);
  return {
    lines: all.length > maxLogLines ? all.slice(-maxLogLines) : all,
    next,
    nextKey: log.nextKey + added.length,
  };
}

function mark(text: string, at: number): Omit<LogLine, 'key'> {
  return { at, stream: 'mark', text };
}

export type StreamChoice = 'all' | 'stdout' | 'stderr';

/** Lines do not change, so what is left of one without its codes is found once. */
const plainTexts = new WeakMap<LogLine, string>();

export function plainText(line: LogLine): string {
  let text = plainTexts.get(line);
  if (text === undefined) {
    text = withoutAnsi(line.text);
    plainTexts.set(line, text);
  }
  return text;
}

function contains(line: LogLine, needle: string): boolean {
  return plainText(line).toLowerCase().includes(needle);
}

/** Where lines stand that contain `wanted`, in any case; nothing is found where nothing is wanted. */
export function findLines(lines: readonly LogLine[], wanted: string): readonly number[] {
  const needle = wanted.toLowerCase();
  if (needle === '') return [];
  return lines.flatMap((line, index) =>
    line.stream !== 'mark' && contains(line, needle) ? [index] : [],
  );
}

/** The lines of a stream that contain `wanted`, in any case; marks stay unless something is searched. */
export function chooseLines(
  lines: readonly LogLine[],
  stream: StreamChoice,
  wanted: string,
): readonly LogLine[] {
  const needle = wanted.toLowerCase();
  if (stream === 'all' && needle === '') return lines;
  return lines.filter((line) => {
    if (line.stream === 'mark') return needle === '';
    if (stream !== 'all' && line.stream !== stream) return false;
    return needle === '' || contains(line, needle);
  });
}

/** What is copied: the time and the text of each line. */
export function copyText(lines: readonly LogLine[]): string {
  return lines.map((line) => `${formatClockMs(line.at)} ${plainText(line)}`).join('\n');
}
