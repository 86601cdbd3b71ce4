import { expect, test } from 'vitest';
import { joinText, splitText } from './text-format.ts';

test.each([
  ['LF', 'a = 1\nb = 2\n'],
  ['CRLF', 'a = 1\r\nb = 2\r\n'],
  ['CRLF without a last one', 'a = 1\r\nb = 2'],
  ['a byte order mark', '\uFEFFa = 1\n'],
  ['a byte order mark and CRLF', '\uFEFF# c\r\na = 1\r\n'],
  ['both line ends', 'a = 1\r\nb = 2\nc = 3\r\n'],
  ['a lone carriage return', 'a = 1\rb = 2\r\n'],
  ['two byte order marks', '\uFEFF\uFEFFa'],
  ['nothing', ''],
  ['a line end alone', '\r\n'],
])('W33 a file with %s comes back to the byte', (_name, text) => {
  const { doc, format } = splitText(text);
  expect(joinText(doc, format)).toBe(text);
});

test('lines end in the editor where they end in the file, without a trace of CR', () => {
  expect(splitText('\uFEFFa\r\nb\r\n').doc.toJSON()).toEqual(['a', 'b', '']);
});
