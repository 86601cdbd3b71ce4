import { expect, test } from 'vitest';
import { LineReader } from './line-reader.ts';

test('lines come out whole, wherever the chunks are cut, characters too', () => {
  const text = '{"é":"日本"}\r\n\nzwei 🎉\nende';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size += 1) {
    const lines: string[] = [];
    const reader = new LineReader((line) => lines.push(line));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    expect(lines).toEqual(['{"é":"日本"}', 'zwei 🎉']);
    reader.flush();
    expect(lines.at(-1)).toBe('ende');
  }
});

test('a line that is too long is refused, also when it never ends', () => {
  const lines: string[] = [];
  const reader = new LineReader((line) => lines.push(line), 8);
  expect(reader.push(Buffer.from('12345678\n'))).toBe(true);
  expect(reader.push(Buffer.from('12345'))).toBe(true);
  expect(reader.push(Buffer.from('6789'))).toBe(false);
  expect(lines).toEqual(['12345678']);
});
