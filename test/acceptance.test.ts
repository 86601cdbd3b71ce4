/** The owner's checklist is complete: no box of the plan and no old weakness is left out or without proof. */
import { expect, test } from 'vitest';
import { namedTests, readDocument } from './documents.ts';

const { text } = readDocument('docs/acceptance.md');

/** How many boxes each phase of the plan has. */
const boxesOfPhase = [6, 4, 6, 4, 3, 3, 4, 3, 7];
const weaknesses = 38;

/** The rows of all tables, by what is in their first cell. */
const rows = new Map(
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => [line.split('|')[1]?.trim() ?? '', line]),
);

/** What has no test says why in a sentence that begins so. */
const isExplained = (row: string) => /\bNot here: |\bNone of the \w+ is here: /.test(row);

function unproven(name: string): readonly string[] {
  const row = rows.get(name);
  if (row === undefined) return [`${name} is missing`];
  return namedTests(row).length > 0 || isExplained(row)
    ? []
    : [`${name} has neither test nor reason`];
}

test('every box of the plan is there, with the test that shows it or the reason why not', () => {
  const boxes = boxesOfPhase.flatMap((count, phase) =>
    Array.from({ length: count }, (_, box) => `${phase + 1}.${box + 1}`),
  );
  expect(boxes.flatMap(unproven)).toEqual([]);
});

test('every old weakness is there, with the test that shows that it is gone or the reason why not', () => {
  const names = Array.from({ length: weaknesses }, (_, index) => `W${index + 1}`);
  expect(names.flatMap(unproven)).toEqual([]);
});

test('the check bites', () => {
  expect(unproven('W39')).toEqual(['W39 is missing']);
  expect(unproven('box')).toEqual(['box has neither test nor reason']);
});
