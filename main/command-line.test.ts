import { expect, test } from 'vitest';
import { type CommandLine, helpText, readCommandLine } from './command-line.ts';

const none: CommandLine = {
  config: null,
  debug: false,
  headless: false,
  hidden: false,
  checkConfig: false,
  help: false,
  version: false,
};

test('without arguments everything has its default', () => {
  expect(readCommandLine([])).toEqual(none);
});

test.each([
  [['--config', 'a b.toml'], { config: 'a b.toml' }],
  [['--config=my.toml', '--debug'], { config: 'my.toml', debug: true }],
  [['--headless', '--hidden'], { headless: true, hidden: true }],
  [['--check-config'], { checkConfig: true }],
  [['--help', '--version'], { help: true, version: true }],
])('%j is understood', (args, expected) => {
  expect(readCommandLine(args)).toEqual({ ...none, ...expected });
});

test.each([
  [['--confg', 'x'], /--confg/],
  [['start'], /start/],
  [['--config'], /--config/],
  [['--config', '--debug'], /--config/],
  [['--config='], /--config.*file/],
  [['--config', ' '], /--config.*file/],
  [['--debug=yes'], /--debug/],
  [['-x'], /-x/],
])('%j is refused with a sentence that names the argument', (args, complaint) => {
  expect(readCommandLine(args)).toMatch(complaint);
});

test('the help names every option', () => {
  for (const option of [
    'config',
    'debug',
    'headless',
    'hidden',
    'check-config',
    'help',
    'version',
  ]) {
    expect(helpText).toContain(`--${option}`);
    expect(readCommandLine(option === 'config' ? ['--config', 'x'] : [`--${option}`])).toBeTypeOf(
      'object',
    );
  }
});
