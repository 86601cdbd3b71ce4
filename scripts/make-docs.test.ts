import { expect, test } from 'vitest';
import { outdatedPages } from './make-docs.ts';

test('the reference pages say what the code says (else run: node scripts/make-docs.ts)', async () => {
  expect(await outdatedPages()).toEqual([]);
});
