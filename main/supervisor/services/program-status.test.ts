/** A person can read what is run for a service, and no secret of it. */
import { expect, test } from 'vitest';
import { programStatusOf } from './program-status.ts';

const inherited = { HOME: '/home/me', PATH: '/bin', LANG: 'C' };

test('the command, its folder and the names of the variables that it does not inherit are told', () => {
  const env = { ...inherited, LANG: 'en', PORT: '8801', DATABASE_PASSWORD: 'hunter2' };
  const args = ['search.js', '--depth', '2'];
  const status = programStatusOf({ command: 'node', args, workingDir: '/srv', env }, inherited);
  expect(status).toEqual({
    command: 'node',
    args,
    workingDir: '/srv',
    variables: ['DATABASE_PASSWORD', 'LANG', 'PORT'],
  });
  expect(JSON.stringify(status)).not.toContain('hunter2');
});

test('secrets among the arguments are replaced, also where the argument is cut', () => {
  const args = [
    '--api-key',
    'hunter2',
    'TOKEN=hunter2',
    'https://me:hunter2@host/',
    '-H',
    `Authorization: Bearer ${'hunter2'.repeat(100)}`,
  ];
  const command = { command: 'tool', args, workingDir: undefined, env: inherited };
  const status = programStatusOf(command, inherited);
  expect(status.args).toEqual([
    '--api-key',
    '[redacted]',
    'TOKEN=[redacted]',
    'https://me:[redacted]@host/',
    '-H',
    'Authorization: [redacted]',
  ]);
  expect(status).toMatchObject({ workingDir: null, variables: [] });
});

test('a script or a list of files among the arguments is cut', () => {
  const args = ['x'.repeat(1_000), ...Array.from({ length: 1_000 }, (_, index) => `file-${index}`)];
  const command = { command: 'tool', args, workingDir: undefined, env: inherited };
  const { args: shown } = programStatusOf(command, inherited);
  expect(shown).toHaveLength(51);
  expect(shown[0]).toBe(`${'x'.repeat(299)}…`);
  expect(shown.slice(-2)).toEqual(['file-48', '…']);
});
