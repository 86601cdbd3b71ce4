import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { type Column, tableLines } from './table.ts';
import { cutTo, plain, textWidth } from './text-width.ts';

interface Row {
  readonly name: string;
  readonly size: number | null;
  readonly why: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name, shrinks: 6 },
  { title: 'SIZE', cell: ({ size }) => size, right: true, leaves: 2 },
  { title: 'WHY', cell: ({ why }) => why, shrinks: 8, leaves: 1 },
];

const rows: readonly Row[] = [
  { name: 'dashboard', size: 12, why: 'it ended with code 1 and nobody knows why' },
  { name: '检索服务', size: null, why: 'ok' },
];

const lines = (width: number) => tableLines(columns, rows, width, (_style, text) => text);

test('a table is as wide as it needs, and columns stand under their titles', () => {
  expect(lines(Number.POSITIVE_INFINITY)).toEqual([
    'NAME       SIZE  WHY',
    'dashboard    12  it ended with code 1 and nobody knows why',
    '检索服务      –  ok',
  ]);
});

test('in any width, no line is wider, and the name is the last to go', () => {
  for (let width = 6; width <= 80; width += 1) {
    for (const line of lines(width)) {
      expect(textWidth(line), `${width}: ${line}`).toBeLessThanOrEqual(width);
    }
    expect(lines(width)[0]).toContain('NAME');
  }
  expect(lines(30)).toEqual([
    'NAME       SIZE  WHY',
    'dashboard    12  it ended wit…',
    '检索服务      –  ok',
  ]);
});

test('a column of which nobody has anything to say is left out', () => {
  const empty = rows.map((row) => ({ ...row, size: null }));
  expect(tableLines(columns, empty, 80, (_style, text) => text)[0]).toBe('NAME       WHY');
});

test('what a client calls itself cannot steer the terminal', () => {
  const name = '\u001b[2Jevil\u001b]0;title\u0007\r\nline\u009b31m\u202Etxt';
  const [, line = ''] = tableLines(columns, [{ name, size: 1, why: '' }], 80, (_s, text) => text);
  expect(stripVTControlCharacters(line)).toBe(line);
  expect(line).not.toMatch(/\p{Cc}|\u202e/u);
  expect(plain('\u001b[31mred\u001b[0m\tand')).toBe('red and');
});

test('text is cut between characters as people see them', () => {
  expect(cutTo('é👨‍👩‍👧x', 3)).toBe('é…');
  expect(cutTo('é👨‍👩‍👧x', 4)).toBe('é👨‍👩‍👧x');
  expect(cutTo('abc', 0)).toBe('');
});
