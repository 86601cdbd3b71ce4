import { expect, test } from 'vitest';
import { processDepths } from './process-depths.ts';

test('each process lies one deeper than the one that started it; an orphan lies under the leader', () => {
  const depths = processDepths([
    { pid: 10, parent: 1 },
    { pid: 11, parent: 10 },
    { pid: 12, parent: 11 },
    { pid: 13, parent: 10 },
    { pid: 14, parent: 1 },
  ]);
  expect([...depths]).toEqual([
    [10, 0],
    [11, 1],
    [12, 2],
    [13, 1],
    [14, 1],
  ]);
});
