import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messageEvents } from './event-text.ts';

async function read(parts: readonly Uint8Array[]): Promise<(readonly [string, string | null])[]> {
  const found: (readonly [string, string | null])[] = [];
  for await (const { data, lastId } of messageEvents(Readable.from(parts))) {
    found.push([data, lastId]);
  }
  return found;
}

const text =
  ': hello\n\nid: 7\ndata\n\ndata: {"a":"ü"}\r\n\r\nevent: message\rdata:x\rdata: y\r\r' +
  'event: interrupted\ndata: half\n\nretry: 5\n\nid\ndata:  two\n\ndata: never ended';

test('messages come out whole wherever the stream is cut', async () => {
  const bytes = Buffer.from(text);
  const expected = [
    ['', '7'],
    ['{"a":"ü"}', '7'],
    ['x\ny', '7'],
    [' two', ''],
  ];
  expect(await read([bytes])).toEqual(expected);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const places = [0, ...cuts.toSorted((left, right) => left - right), bytes.length];
      const parts = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      expect(await read(parts)).toEqual(expected);
    }),
  );
});

test('an event without an end is not kept for ever', async () => {
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  const endless = [Buffer.from('data: '), ...Array<Buffer>(40).fill(megabyte)];
  await expect(read(endless)).rejects.toThrow('an event is too large');
  const lines = Array<Buffer>(40).fill(Buffer.from(`data: ${'x'.repeat(1024 * 1024)}\n`));
  await expect(read(lines)).rejects.toThrow('an event is too large');
});
