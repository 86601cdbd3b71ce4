import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { captureLines, type OutputLine, OutputRing } from './output.ts';

/** What becomes of the chunks, as lines. */
async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<readonly OutputLine[]> {
  const lines: OutputLine[] = [];
  const pipe = new PassThrough();
  captureLines(pipe, 'stdout', (line) => lines.push(line));
  for (const chunk of chunks) pipe.write(chunk);
  pipe.end();
  await once(pipe, 'close');
  return lines;
}

const texts = (lines: readonly OutputLine[]) => lines.map(({ text }) => text);

test('lines are cut at their ends, wherever the chunks are, and the last needs none', async () => {
  expect(texts(await linesOf('a\nb', 'c\r\nd\r', '\n\ne'))).toEqual(['a', 'bc', 'd', '', 'e']);
});

test('W29 bytes that are no UTF-8 are replaced, and the reading goes on', async () => {
  const bad = Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x62, 0x0a]);
  expect(texts(await linesOf(bad, 'next\n'))).toEqual(['a\ufffd\ufffd\0b', 'next']);
});

test('a character that comes in two chunks stays whole', async () => {
  const bytes = Buffer.from('€𝄞\n');
  for (let cut = 1; cut < bytes.length; cut += 1) {
    expect(texts(await linesOf(bytes.subarray(0, cut), bytes.subarray(cut)))).toEqual(['€𝄞']);
  }
});

test('colours and cursor movements are kept as they came', async () => {
  const text = '\u001b[31mred\u001b[0m 50%\r100%';
  expect(texts(await linesOf(`${text}\n`))).toEqual([text]);
});

test('a long line is split into parts that say so, never inside a character', async () => {
  const lines = await linesOf(`${'x'.repeat(16_383)}𝄞${'y'.repeat(16_390)}\nend\n`);
  expect(lines.map(({ text, continues }) => [text.length, continues ?? false])).toEqual([
    [16_383, true],
    [16_384, true],
    [8, false],
    [3, false],
  ]);
  expect(texts(lines).join('')).toBe(`${'x'.repeat(16_383)}𝄞${'y'.repeat(16_390)}end`);
});

test('a pipe that is closed from our side still gives its last words', async () => {
  const lines: OutputLine[] = [];
  const pipe = new PassThrough();
  captureLines(pipe, 'stderr', (line) => lines.push(line));
  pipe.write('no end');
  await vi.waitFor(() => expect(pipe.readableLength).toBe(0), patience);
  pipe.destroy();
  await once(pipe, 'close');
  expect(lines).toMatchObject([{ stream: 'stderr', text: 'no end' }]);
});

test('F12 a flood loses lines, each of them counted, and what comes after it is read again', async () => {
  const lines: OutputLine[] = [];
  const pipe = new PassThrough();
  captureLines(pipe, 'stdout', (line) => lines.push(line));
  // So many, so fast: neither the bytes nor the chunks fit the line ends.
  const all = Buffer.from(
    Array.from({ length: 200_000 }, (_, index) => `line ${index}\n`).join(''),
  );
  for (let at = 0; at < all.length; at += 60_000) pipe.write(all.subarray(at, at + 60_000));
  await vi.waitFor(() => expect(lines.at(-1)?.text).toBe('line 199999'), { timeout: 15_000 });
  pipe.end('after\n');
  await once(pipe, 'close');
  const [kept, marks] = [
    lines.filter(({ stream }) => stream === 'stdout'),
    lines.filter(({ stream }) => stream === 'mark'),
  ];
  const dropped = marks.map(({ text }) => /dropped ([\d,]+) lines/.exec(text)?.[1] ?? '');
  const count = dropped.reduce((sum, each) => sum + Number(each.replaceAll(',', '')), 0);
  expect(kept.length - 1 + count).toBe(200_000);
  // The last words of the flood are there, in one piece.
  expect(texts(kept.slice(-101))).toEqual([
    ...Array.from({ length: 100 }, (_, index) => `line ${199_900 + index}`),
    'after',
  ]);
  expect(kept.length).toBeLessThan(100_000);
  expect(kept.at(-1)?.text).toBe('after');
  for (const { text } of kept.slice(0, -1)) expect(text).toMatch(/^line \d+$/);
}, 20_000);

test('F12 a crash at the end of a flood still says why', async () => {
  const flood = Array.from({ length: 50 }, () => Buffer.alloc(65_520, 'some words in a line\n'));
  const lines = await linesOf(...flood, 'Error: it is too much\n', 'half a word');
  expect(texts(lines.slice(-2))).toEqual(['Error: it is too much', 'half a word']);
});

test('F12 a child that prints 100 MB as fast as it can is never held up, and memory stays flat', async () => {
  const ring = new OutputRing({ lines: 2_000 });
  const script = `
    const chunk = Buffer.alloc(1024 * 1024, 'a line of output that is sixty-four bytes long, end included.\\n');
    for (let index = 0; index < 100; index += 1) require('node:fs').writeSync(1, chunk);`;
  // It blocks its writer, as that of most programs: time shows whether we read. No other program lies between:
  // on a busy machine each turn of the two would wait for a core, a thousand times over.
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const before = process.memoryUsage.rss();
  let most = 0;
  let marks = 0;
  captureLines(child.stdout, 'stdout', (line) => {
    ring.append(line);
    if (line.stream === 'mark') marks += 1;
    most = Math.max(most, process.memoryUsage.rss() - before);
  });
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  expect(marks).toBeGreaterThan(0);
  expect(most).toBeLessThan(96 * 1024 * 1024);
}, 120_000);

test('F12 output without any line end is kept in parts, within the same bounds', async () => {
  const lines = await linesOf(...Array.from({ length: 100 }, () => Buffer.alloc(60_000, 'x')));
  const chars = lines.reduce((sum, { text }) => sum + text.length, 0);
  expect(chars).toBeLessThan(3 * 1024 * 1024);
  expect(Math.max(...lines.map(({ text }) => text.length))).toBe(16_384);
  expect(lines.at(-1)?.text).toMatch(/^dropped 1 lines \(\d\.\d MB\)/);
});

const print = (text: string): OutputLine => ({ at: 1, stream: 'stdout', text });

test('the ring keeps the newest lines', () => {
  const ring = new OutputRing({ lines: 3 });
  for (let index = 1; index <= 100; index += 1) {
    ring.append(print(`${index}`));
    expect(ring.tail().length).toBe(Math.min(index, 3));
  }
  expect(texts(ring.tail())).toEqual(['98', '99', '100']);
  expect(texts(ring.tail(2))).toEqual(['99', '100']);
});

test('the ring is bounded by characters as well', () => {
  const ring = new OutputRing({ lines: 1_000_000 });
  for (let index = 0; index < 300; index += 1) ring.append(print('x'.repeat(16_384)));
  expect(ring.tail(1_000)).toHaveLength(64);
});

test('who follows gets each line once, and learns how many it missed', () => {
  const ring = new OutputRing({ lines: 4 });
  expect(ring.since(1, 10)).toEqual({ lines: [], next: 1, dropped: 0 });
  ring.append(print('a'));
  ring.append(print('b'));
  const first = ring.since(1, 10);
  expect(first).toMatchObject({ lines: [{ seq: 1 }, { seq: 2 }], next: 3, dropped: 0 });
  expect(ring.since(first.next, 10)).toEqual({ lines: [], next: 3, dropped: 0 });
  for (const text of ['c', 'd', 'e', 'f', 'g', 'h']) ring.append(print(text));
  const second = ring.since(first.next, 2);
  expect(texts(second.lines)).toEqual(['e', 'f']);
  expect(second).toMatchObject({ next: 7, dropped: 2 });
  expect(texts(ring.since(second.next, 10).lines)).toEqual(['g', 'h']);
});

test('a number of an earlier run begins with the oldest line there is', () => {
  const ring = new OutputRing({ lines: 4 });
  ring.append(print('a'));
  expect(ring.since(5_000, 10)).toMatchObject({ lines: [{ seq: 1 }], next: 2, dropped: 0 });
});

test('starts and ends divide the output', () => {
  const ring = new OutputRing();
  ring.began(17, false);
  ring.append(print('hello'));
  ring.ended({ code: 1, signal: null });
  ring.began(18, true);
  ring.ended({ code: null, signal: 'SIGKILL' });
  ring.ended(null);
  expect(texts(ring.tail())).toEqual([
    '— started, pid 17 —',
    'hello',
    '— ended with exit code 1 —',
    '— adopted, pid 18 —',
    '— ended with signal SIGKILL —',
  ]);
});

test('why a process ended is never told with the words of the one before', () => {
  const ring = new OutputRing();
  ring.began(1, false);
  ring.append({ at: 1, stream: 'stderr', text: 'Error: the disk is full' });
  ring.append({ at: 1, stream: 'stderr', text: 'Node.js v24' });
  expect(ring.lastComplaint()).toBe('Error: the disk is full');
  ring.began(2, false);
  expect(ring.lastComplaint()).toBeNull();
});

test('a ring for no lines keeps and passes on none', () => {
  const onLine = vi.fn();
  const ring = new OutputRing({ lines: 0, onLine });
  ring.append(print('a'));
  ring.began(1, false);
  expect(ring.tail()).toEqual([]);
  expect(onLine).not.toHaveBeenCalled();
});
