import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnswerHead } from './answer-head.ts';
import { AnswerParser, type AnswerSink } from './answer-parser.ts';

interface Outcome {
  status: number | null;
  head: AnswerHead | null;
  body: string;
  /** It ended as it should. */
  isComplete: boolean;
  /** More came behind it. */
  hasMore: boolean;
  error: string | null;
}

/** Reads an answer that comes in these parts, and then the end of the connection if there is one. */
function read(parts: readonly Buffer[], { method = 'POST', ends = false } = {}): Outcome {
  const outcome: Outcome = {
    status: null,
    head: null,
    body: '',
    isComplete: false,
    hasMore: false,
    error: null,
  };
  const sink: AnswerSink = {
    onHead: (head) => {
      outcome.head = head;
      outcome.status = head.status;
    },
    onData: (part) => {
      outcome.body += part.toString('latin1');
    },
    onEnd: () => {
      outcome.isComplete = true;
    },
  };
  const parser = new AnswerParser(sink);
  parser.begin(method);
  try {
    for (const part of parts) if (!outcome.isComplete) parser.push(part);
    if (ends && !outcome.isComplete) parser.end();
  } catch (error) {
    outcome.error = (error as Error).message;
  }
  outcome.hasMore = parser.hasMore;
  return outcome;
}

function readText(text: string, options?: Parameters<typeof read>[1]): Outcome {
  return read([Buffer.from(text, 'latin1')], options);
}

const answers: readonly [what: string, text: string, status: number, body: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 200, 'hello'],
  ['no body', 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n', 202, ''],
  ['no reason', 'HTTP/1.1 200\r\ncontent-length:2\r\n\r\nok', 200, 'ok'],
  ['204', 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n', 204, ''],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 304, ''],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A;x=1\r\n0123456789\r\n0\r\n\r\n',
    200,
    'abc0123456789',
  ],
  [
    'trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nSum: 1\r\nOther: 2\r\n\r\n',
    200,
    'a',
  ],
  [
    'hints before',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!',
    200,
    '!',
  ],
  [
    'bytes above 7 bits',
    'HTTP/1.1 200 \xe9\r\nX: \xfcber\r\nContent-Length: 1\r\n\r\n\xff',
    200,
    '\xff',
  ],
];

test.each(answers)('an answer with %s is understood', (_what, text, status, body) => {
  expect(readText(text)).toMatchObject({ status, body, isComplete: true, hasMore: false });
});

test.each(answers)('an answer with %s is the same wherever it is cut', (_what, text) => {
  const whole = Buffer.from(text, 'latin1');
  const expected = readText(text);
  for (let at = 0; at <= whole.length; at += 1) {
    expect(read([whole.subarray(0, at), whole.subarray(at)])).toEqual(expected);
  }
  expect(read([...whole].map((byte) => Buffer.of(byte)))).toEqual(expected);
});

test('an answer without a length lasts until its connection ends', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n';
  expect(readText(text)).toMatchObject({ body: 'data: 1\n\n', isComplete: false, error: null });
  expect(readText(text, { ends: true })).toMatchObject({ isComplete: true });
  expect(readText(text).head?.restMs).toBe(0);
});

test('the answer to HEAD has no body, whatever it says', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n';
  expect(readText(text, { method: 'HEAD' })).toMatchObject({ isComplete: true, body: '' });
});

test.each([
  ['a length and chunks', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'],
  ['two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n'],
  ['the same length twice', 'Content-Length: 3\r\nContent-Length: 3\r\n'],
  ['a list of lengths', 'Content-Length: 3, 3\r\n'],
  ['a negative length', 'Content-Length: -3\r\n'],
  ['a length in hexadecimal', 'Content-Length: 0x3\r\n'],
  ['an endless length', `Content-Length: ${'9'.repeat(20)}\r\n`],
  ['another coding', 'Transfer-Encoding: gzip\r\n'],
  ['two codings', 'Transfer-Encoding: gzip, chunked\r\n'],
  ['chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
  ['a line that goes on', 'X: a\r\n b\r\n'],
  ['a line that goes on with a tab', 'X: a\r\n\tb\r\n'],
  ['a bare LF', 'X: a\nY: b\r\n'],
  ['a bare CR', 'X: a\rY: b\r\n'],
  ['a NUL in a value', 'X: a\0b\r\n'],
  ['a NUL in a name', 'X\0: a\r\n'],
  ['a space before the colon', 'Content-Length : 3\r\n'],
  ['no colon', 'Nonsense\r\n'],
  ['no name', ': a\r\n'],
  ['a head without end', `X: ${'a'.repeat(17_000)}\r\n`],
])('an answer with %s is refused', (_what, lines) => {
  const text = `HTTP/1.1 200 OK\r\n${lines}\r\nabc`;
  expect(readText(text)).toMatchObject({
    status: null,
    error: expect.stringContaining('valid HTTP'),
  });
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['HTTP/0.9', '<html>'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['lines that end without CR', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['an empty line before', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
])('%s is refused at once', (_what, text) => {
  expect(readText(text)).toMatchObject({
    status: null,
    error: expect.stringContaining('valid HTTP'),
  });
});

test.each([
  ['a size that is no number', 'x\r\n'],
  ['a negative size', '-1\r\n'],
  ['a size with a sign', '+1\r\na\r\n'],
  ['an endless size', `${'f'.repeat(13)}\r\n`],
  ['a size line without end', '1;'.padEnd(2_000, 'x')],
  ['a size line that ends without CR', '1\na'],
  ['a chunk that is longer than it says', '1\r\nab\r\n0\r\n\r\n'],
  ['a chunk that ends without CR', '1\r\na\n0\r\n\r\n'],
  ['endless trailers', `0\r\n${`X: ${'a'.repeat(1_000)}\r\n`.repeat(20)}\r\n`],
])('a body in chunks with %s is refused', (_what, body) => {
  const outcome = readText(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
  expect(outcome).toMatchObject({
    isComplete: false,
    error: expect.stringContaining('valid HTTP'),
  });
});

test('an answer whose connection ends too early is broken off', () => {
  for (const text of [
    '',
    'HTTP/1.1 200 OK\r\nContent-',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n',
  ]) {
    expect(readText(text, { ends: true })).toMatchObject({
      isComplete: false,
      error: 'other side closed',
    });
  }
});

test('bytes behind an answer are seen', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n';
  expect(readText(text)).toMatchObject({ body: 'ok', isComplete: true, hasMore: true });
});

test('how long a connection may rest follows what its instance says, with a margin', () => {
  const restOf = (lines: string) =>
    readText(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${lines}\r\n`).head?.restMs;
  expect(restOf('')).toBe(4_000);
  expect(restOf('Keep-Alive: timeout=5\r\n')).toBe(3_000);
  expect(restOf('Keep-Alive: max=9, timeout=60\r\n')).toBe(4_000);
  expect(restOf('Keep-Alive: timeout=1\r\n')).toBe(0);
  expect(restOf('Connection: close\r\n')).toBe(0);
  expect(restOf('Connection: x, Close\r\n')).toBe(0);
});

test('a pause holds back what was read already, and nothing is told twice or lost', () => {
  const chunks = Array.from({ length: 50 }, (_, index) => `1\r\n${index % 10}\r\n`).join('');
  const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
  let body = '';
  let isComplete = false;
  const parser: AnswerParser = new AnswerParser({
    onHead: () => {},
    onData: (part) => {
      body += part.toString();
      parser.pause();
    },
    onEnd: () => {
      isComplete = true;
    },
  });
  parser.begin('GET');
  parser.push(Buffer.from(text));
  for (let told = 1; told <= 50; told += 1) {
    expect(body).toHaveLength(told);
    expect(isComplete).toBe(false);
    parser.resume();
  }
  expect([body, isComplete]).toEqual(['0123456789'.repeat(5), true]);
});

test('who resumes while it is told something is told the rest in order', () => {
  let body = '';
  let depth = 0;
  let deepest = 0;
  const parser: AnswerParser = new AnswerParser({
    onHead: () => {},
    onData: (part) => {
      depth += 1;
      deepest = Math.max(deepest, depth);
      body += part.toString();
      parser.pause();
      parser.resume();
      depth -= 1;
    },
    onEnd: () => {},
  });
  parser.begin('GET');
  const chunks = '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n';
  parser.push(Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`));
  // One within the other, a long answer would exhaust the stack.
  expect([body, deepest]).toEqual(['abc', 1]);
});

test('any body in any chunks, cut anywhere, comes through whole', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
  const cuts = fc.array(fc.nat(600), { maxLength: 12 });
  fc.assert(
    fc.property(pieces, cuts, (chunks, places) => {
      const parts = chunks.flatMap((chunk) => [
        Buffer.from(`${chunk.length.toString(16)}\r\n`),
        Buffer.from(chunk),
        Buffer.from('\r\n'),
      ]);
      const head = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const whole = Buffer.concat([head, ...parts, Buffer.from('0\r\n\r\n')]);
      const ends = [...new Set(places), whole.length].toSorted((left, right) => left - right);
      const reads = ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
      const outcome = read(reads);
      expect(outcome.isComplete).toBe(true);
      expect(outcome.body).toBe(Buffer.concat(chunks).toString('latin1'));
    }),
  );
});

test('no bytes whatever make it throw anything but a refusal', () => {
  const word = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\r\n',
    '3\r\nabc\r\n',
    '0\r\n',
    '\n',
    '\0',
    'x',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const { error } = readText(words.join(''), { ends: true });
      expect(error ?? 'other side closed').toMatch(/valid HTTP|other side closed/);
    }),
  );
});
