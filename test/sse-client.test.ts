import { expect, test } from 'vitest';
import { SseParser } from './sse-client.ts';

const stream = [
  '\uFEFF: hello\n',
  'retry: 2000\r\n\r\n',
  'id: 1\ndata: a\ndata:b\ndata\n\n',
  'event: gap\rdata:  two spaces\r\r',
  'event: nothing\n\n',
  'id\ndata: no id\r\n\r\n',
  'data: never finished\n',
].join('');

const expected = [
  { type: 'message', data: 'a\nb\n', lastEventId: '1' },
  { type: 'gap', data: ' two spaces', lastEventId: '1' },
  { type: 'message', data: 'no id', lastEventId: '' },
];

test('frames are read as the standard says', () => {
  const parser = new SseParser();
  expect(parser.push(stream)).toEqual(expected);
  expect(parser.comments).toEqual(['hello']);
  expect(parser.retryMs).toBe(2000);
});

test('frames are read the same wherever the network cuts them', () => {
  for (const size of [1, 2, 3, 7]) {
    const parser = new SseParser();
    const parts = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    expect(
      parts.flatMap((part) => parser.push(part)),
      `in parts of ${size}`,
    ).toEqual(expected);
  }
});
