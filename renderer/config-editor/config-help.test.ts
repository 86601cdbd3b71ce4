import { expect, test } from 'vitest';
import { configSections } from '../../shared/config-keys.ts';
import { realHelp } from './config-help.test-helper.ts';
import { asToml } from './config-help.ts';

test('the editor knows every section and key that the supervisor has, and says the same of them', () => {
  const known = [...realHelp.values()].map(({ keys, ...section }) => ({
    ...section,
    keys: [...keys.values()],
  }));
  expect(known).toEqual(configSections);
});

test.each([
  ['text', '"text"'],
  [30, '30'],
  [['a', 'b'], '["a", "b"]'],
  [{ NAME: 'value' }, '{ NAME = "value" }'],
  [{}, '{}'],
])('the value %j is shown as it is written', (value, written) => {
  expect(asToml(value)).toBe(written);
});
