import { expect, test } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

const keys = ['enabled', 'port', 'command', 'args', 'env', 'working_dir'];

test.each([
  ['comand', 'command'],
  ['prot', 'port'],
  ['PORT', 'port'],
  ['workingdir', 'working_dir'],
  ['enable', 'enabled'],
  ['envs', 'env'],
])('%s is taken for %s', (word, meant) => {
  expect(nearest(word, keys)).toBe(meant);
});

test('a word that resembles nothing gets no suggestion', () => {
  expect(nearest('timeout', keys)).toBeNull();
  expect(nearest('x', keys)).toBeNull();
  expect(didYouMean('timeout', keys)).toBe('');
});

test('the nearest of several wins', () => {
  expect(nearest('restart_on_failur', ['restart', 'restart_on_failure'])).toBe(
    'restart_on_failure',
  );
});
