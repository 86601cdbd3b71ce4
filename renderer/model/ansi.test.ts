import { expect, test } from 'vitest';
import { parseAnsi, withoutAnsi } from './ansi.ts';

const esc = '\u001b';

test('colours and weights are kept, and end where the program ends them', () => {
  expect(parseAnsi(`a ${esc}[1;31mred${esc}[22m thin${esc}[0m b`)).toEqual([
    { text: 'a ', style: {} },
    { text: 'red', style: { bold: true, colour: 'red' } },
    { text: ' thin', style: { colour: 'red' } },
    { text: ' b', style: {} },
  ]);
});

test.each([
  ['38;5;9', 'red'],
  ['38;5;46', 'green'],
  ['38;5;244', 'grey'],
  ['38;2;1;200;3', 'green'],
  ['38:2:255:200:0', 'yellow'],
  ['38;2;30;100;255', 'blue'],
  ['38;2;255;255;255', 'plain'],
  ['90', 'grey'],
  ['95', 'magenta'],
])('the colour %s is drawn as %s', (code, colour) => {
  expect(parseAnsi(`${esc}[${code}mx`)).toEqual([{ text: 'x', style: { colour } }]);
});

test('what moves the cursor, sets a title or makes a link is taken out, its text stays', () => {
  const hostile = `${esc}]0;title\u0007${esc}[2J${esc}[10;10Hhere ${esc}]8;;http://x${esc}\\link${esc}]8;;${esc}\\ ${esc}(B${esc}7${esc}[?25l\u0007\u009bend`;
  expect(withoutAnsi(hostile)).toBe('here link end');
  expect(parseAnsi(hostile).map(({ text }) => text)).toEqual(['here ', 'link', ' ', 'end']);
});

test('markup is text', () => {
  const line = '<img src=x onerror=alert(1)>';
  expect(parseAnsi(line)).toEqual([{ text: line, style: {} }]);
});

test('of a line that was written over the last state stays', () => {
  expect(withoutAnsi('10 %\r50 %\r100 %\r')).toBe('100 %');
});

test('cut-off and endless codes neither throw nor hang', () => {
  expect(withoutAnsi(`x${esc}`)).toBe('x');
  expect(withoutAnsi(`x${esc}[`)).toBe('x');
  expect(withoutAnsi(`x${esc}[38;5m`)).toBe('x');
  expect(withoutAnsi(`x${esc}]${'0'.repeat(100_000)}`)).toBe('x');
  expect(withoutAnsi(`${`${esc}[`.repeat(50_000)}é`)).toBe('é');
});
