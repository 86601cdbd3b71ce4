import { expect, test } from 'vitest';
import { startArguments, userDataFolder } from './start-arguments.ts';

test('only what is meant for the supervisor is left of the command line', () => {
  const command = ['/usr/bin/electron', '--no-sandbox', '--inspect=0', '.', '--config', 'a.toml'];
  expect(startArguments(command, 'electron-command')).toEqual(['--config', 'a.toml']);
  const packaged = ['/opt/supervisor', '--hidden', '--ozone-platform=x11', '--disable-gpu'];
  expect(startArguments(packaged, 'package')).toEqual(['--hidden']);
  expect(startArguments(['/opt/supervisor'], 'package')).toEqual([]);
});

test('each configuration file has a lock of its own, the usual one the usual', () => {
  const usual = userDataFolder('/data', undefined);
  const first = userDataFolder('/data', 'a.toml');
  expect(usual).toBe('/data');
  expect(first).not.toBe(usual);
  expect(userDataFolder('/data', './a.toml')).toBe(first);
  expect(userDataFolder('/data', 'b.toml')).not.toBe(first);
});
