import fc from 'fast-check';
import { expect, test } from 'vitest';
import { onOneLine, valueAt, withValues } from './json-text.ts';

const set = (text: string, value: string, ...path: string[]) => withValues(text, [{ path, value }]);

test('only the value changes, every other byte stays', () => {
  const text = ' { "a" : 1.0 , "id":\t"x\\"}" , "z":[{"id":2}, 98765432109876543210 ] } ';
  expect(set(text, '7', 'id')).toBe(text.replace('"x\\"}"', '7'));
  expect(valueAt(text, ['id'])).toBe('"x\\"}"');
});

test('nested values are found by their path and nowhere else', () => {
  const text =
    '{"params":{"id":1,"_meta":{"progressToken":"t"},"arguments":{"_meta":{"progressToken":2}}}}';
  expect(set(text, '9', 'params', '_meta', 'progressToken')).toBe(text.replace('"t"', '9'));
  expect(valueAt(text, ['id'])).toBeNull();
  expect(set(text, '9', 'params', 'none')).toBe(text);
});

test('an id that stands there twice, or in disguise, is replaced everywhere', () => {
  expect(set('{"id":1,"\\u0069d":2,"id":3}', '7', 'id')).toBe('{"id":7,"\\u0069d":7,"id":7}');
  expect(valueAt('{"id":1,"id":3}', ['id'])).toBe('3');
});

test('it agrees with JSON.parse on whatever JSON there is', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(object, object, fc.jsonValue(), (message, params, id) => {
      const whole = { ...message, id, params: { ...params, _meta: { progressToken: id } } };
      const changes = [
        { path: ['id'], value: '"new"' },
        { path: ['params', '_meta', 'progressToken'], value: '5' },
      ];
      for (const text of [JSON.stringify(whole), JSON.stringify(whole, null, 2)]) {
        expect(JSON.parse(withValues(text, changes))).toEqual(
          JSON.parse(
            JSON.stringify({
              ...whole,
              id: 'new',
              params: { ...whole.params, _meta: { progressToken: 5 } },
            }),
          ),
        );
        expect(JSON.parse(valueAt(text, ['id']) ?? '')).toEqual(JSON.parse(JSON.stringify(id)));
      }
    }),
  );
});

test('JSON with line breaks is put on one line', () => {
  const text = '{\r\n  "a": "x\\ny"\n}';
  expect(onOneLine(text)).toBe('{   "a": "x\\ny" }');
});
