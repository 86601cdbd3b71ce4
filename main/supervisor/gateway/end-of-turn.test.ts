import { expect, test } from 'vitest';
import { atEndOfTurn, type LateWriter } from './end-of-turn.ts';

test('all that a turn has to write goes out at its end, in order, each once', async () => {
  const written: string[] = [];
  const writer = (name: string): LateWriter => ({ writeNow: () => written.push(name) });
  for (const name of ['a', 'b', 'c']) atEndOfTurn(writer(name));
  // What follows from what came belongs to the same turn.
  await Promise.resolve();
  atEndOfTurn(writer('d'));
  expect(written).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual(['a', 'b', 'c', 'd']);
});

test('who asks while others write is called at the end of the next turn', async () => {
  const written: string[] = [];
  atEndOfTurn({
    writeNow: () => {
      written.push('now');
      atEndOfTurn({ writeNow: () => written.push('next') });
    },
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual(['now']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual(['now', 'next']);
});
