import { expect, test } from 'vitest';
import { appliedSentence, previewSentence, restartSentence } from './preview-words.ts';

const change = (service: string, action: 'start' | 'stop' | 'restart' | 'update' | 'none') => ({
  service,
  action,
  reason: 'because',
});

test.each([
  [[change('mcp', 'none')], 'Saving changes nothing that runs.'],
  [[change('dashboard', 'restart')], 'Saving will restart Dashboard.'],
  [
    [change('dashboard', 'restart'), change('search', 'start'), change('mcp', 'none')],
    'Saving will start Search, restart Dashboard and leave 1 alone.',
  ],
  [
    [change('a', 'stop'), change('b', 'stop'), change('[events]', 'update')],
    'Saving will stop A, B and update [events].',
  ],
])('what a save will do is one sentence', (changes, sentence) => {
  expect(previewSentence({ changes })).toBe(sentence);
});

test('what a save did says also what went wrong', () => {
  const changes = [
    { ...change('dashboard', 'restart'), ok: true, error: null },
    { ...change('search', 'start'), ok: false, error: 'the command was not found' },
  ] as const;
  expect(appliedSentence({ changes })).toBe(
    'Saved. Restarted Dashboard. Search could not follow: the command was not found',
  );
  expect(appliedSentence({ changes: [] })).toBe('Saved.');
});

test('keys that wait for the next start are named', () => {
  expect(restartSentence([])).toBeNull();
  expect(restartSentence(['mcp.port'])).toBe(
    'mcp.port takes effect at the next start of the supervisor.',
  );
});
