import { expect, test } from 'vitest';
import type { ServiceLine } from '../../shared/status.ts';
import {
  appendPage,
  chooseLines,
  copyText,
  findLines,
  type LogLine,
  maxLogLines,
  noLines,
} from './log-lines.ts';

const at = new Date(2026, 10, 22, 12, 0, 0, 7).getTime();

function lines(from: number, to: number, stream: ServiceLine['stream'] = 'stdout'): ServiceLine[] {
  return Array.from({ length: to - from }, (_none, index) => {
    return { seq: from + index, at, stream, text: `line ${from + index}` };
  });
}

const textsOf = (all: readonly LogLine[]) => all.map(({ text }) => text);

test('however much a service prints, the newest 10,000 lines are kept, each with a key of its own', () => {
  let log = noLines;
  for (let seq = 1; seq < 30_000; seq += 2_000) {
    log = appendPage(log, { lines: lines(seq, seq + 2_000), next: seq + 2_000, dropped: 0 }, at);
  }
  expect(log.lines).toHaveLength(maxLogLines);
  expect(log.lines.at(-1)?.text).toBe('line 30000');
  expect(new Set(log.lines.map(({ key }) => key)).size).toBe(maxLogLines);
});

test('an answer that brings nothing changes nothing', () => {
  const log = appendPage(noLines, { lines: lines(1, 3), next: 3, dropped: 0 }, at);
  expect(appendPage(log, { lines: [], next: 3, dropped: 0 }, at)).toBe(log);
});

test('lines that came too fast to be kept are said in the place where they are missing', () => {
  const first = appendPage(noLines, { lines: lines(1, 3), next: 3, dropped: 0 }, at);
  const { lines: all } = appendPage(
    first,
    { lines: lines(3_213, 3_214), next: 3_214, dropped: 3_210 },
    at,
  );
  expect(textsOf(all)).toEqual([
    'line 1',
    'line 2',
    '3,210 lines are missing: they came too fast',
    'line 3213',
  ]);
});

test('after a restart of the supervisor, which counts anew, the old lines stay', () => {
  const first = appendPage(noLines, { lines: lines(500, 502), next: 502, dropped: 0 }, at);
  const { lines: all } = appendPage(first, { lines: lines(1, 3), next: 3, dropped: 0 }, at);
  expect(textsOf(all)).toEqual([
    'line 500',
    'line 501',
    '— the supervisor was started anew —',
    'line 1',
    'line 2',
  ]);
});

test('lines are chosen by stream and by what is read, not by the codes in it', () => {
  const page = [
    ...lines(1, 3),
    { seq: 3, at, stream: 'stderr' as const, text: '\u001b[31mErr\u001b[1mor\u001b[0m 31m' },
    { seq: 4, at, stream: 'mark' as const, text: '— ended with exit code 1 —' },
  ];
  const { lines: all } = appendPage(noLines, { lines: page, next: 5, dropped: 0 }, at);
  expect(chooseLines(all, 'all', '')).toBe(all);
  expect(textsOf(chooseLines(all, 'stdout', ''))).toEqual([
    'line 1',
    'line 2',
    '— ended with exit code 1 —',
  ]);
  expect(chooseLines(all, 'all', 'ERROR')).toHaveLength(1);
  expect(chooseLines(all, 'all', '[31m')).toHaveLength(0);
  expect(chooseLines(all, 'stdout', 'error')).toHaveLength(0);
  expect(copyText(chooseLines(all, 'stderr', 'error'))).toBe('12:00:00.007 Error 31m');
});

test('a search finds lines by what is read of them, in any case, and never a divider', () => {
  const texts = ['\u001b[31mError\u001b[0m: no table', 'ready', 'the last ERROR: none'];
  const lines = [
    { at: 1, stream: 'mark' as const, text: '— ended with an error —', key: 1 },
    ...texts.map((text, index) => ({ at: 2, stream: 'stdout' as const, text, key: index + 2 })),
  ];
  expect(findLines(lines, 'error:')).toEqual([1, 3]);
  expect(findLines(lines, 'ERROR')).toEqual([1, 3]);
  expect(findLines(lines, '')).toEqual([]);
});
