import { expect, test } from 'vitest';
import { rateLimited } from './log.ts';

test('of many lines of one kind a few are said, and how many were not', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = rateLimited(
    (line) => lines.push(line),
    () => nowMs,
  );
  for (let line = 1; line <= 8; line += 1) log(`line ${line}`);
  nowMs = 10_000;
  log('later');
  expect(lines).toEqual([
    ...[1, 2, 3, 4, 5].map((line) => `line ${line}`),
    '3 more lines of this kind were left out',
    'later',
  ]);
});
