import { expect, test } from 'vitest';
import { addUp, agreeing, closingLines, countPlaywright } from './tally.mjs';

test('the closing line has the form that CI reads, with the skipped and their reasons before it', () => {
  expect(closingLines({ passed: 3, failed: 0, skipped: [] })).toEqual(['3 passed, 0 failed']);
  const skipped = [{ name: 'a', why: 'no browser' }, { name: 'b' }];
  expect(closingLines({ passed: 1, failed: 2, skipped })).toEqual([
    'Skipped:',
    '  a: no browser',
    '  b: no reason given',
    '',
    '1 passed, 2 failed, 2 skipped',
  ]);
});

test('a runner that failed or left no count has failed at least once', () => {
  const good = { passed: 5, failed: 0, skipped: [] };
  expect(agreeing(good, 0)).toEqual(good);
  expect(agreeing(good, 1)).toEqual({ ...good, failed: 1 });
  expect(agreeing({ ...good, failed: 2 }, 1)).toEqual({ ...good, failed: 2 });
  expect(agreeing(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test('tallies add up', () => {
  const one = { passed: 1, failed: 2, skipped: [{ name: 'a' }] };
  expect(addUp([one, one])).toEqual({
    passed: 2,
    failed: 4,
    skipped: [{ name: 'a' }, { name: 'a' }],
  });
});

test("Playwright's report is counted through all suites, errors outside of tests too", () => {
  const spec = (title: string, status: string, annotations: object[] = []) => ({
    title,
    tests: [{ status, annotations }],
  });
  const suites = [
    {
      title: 'page.spec.ts',
      specs: [spec('opens', 'expected'), spec('breaks', 'unexpected')],
      suites: [
        {
          title: 'editor',
          specs: [spec('saves', 'skipped', [{ type: 'skip', description: 'needs a display' }])],
        },
      ],
    },
  ];
  expect(countPlaywright({ suites, errors: [] })).toEqual({
    passed: 1,
    failed: 1,
    skipped: [{ name: 'page.spec.ts › editor › saves', why: 'needs a display' }],
  });
  expect(countPlaywright({ suites: [], errors: [{}] }).failed).toBe(1);
});
