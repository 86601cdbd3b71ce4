import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

test('what stands after -- is the command, whatever it looks like', () => {
  expect(
    readArguments(['--port', '3461', '--', 'npx', '-y', 'server', '--', '--port', '1']),
  ).toEqual({
    port: 3461,
    shared: false,
    idleChildMs: 86_400_000,
    command: 'npx',
    args: ['-y', 'server', '--', '--port', '1'],
  });
  const options = ['--shared', '--idle-child-minutes', '0.5', '--port=0'];
  expect(readArguments([...options, '--', 'x'])).toMatchObject({
    shared: true,
    idleChildMs: 30_000,
  });
});

test('--help asks for the usage, but not for that of the server', () => {
  expect(readArguments(['--help'])).toBeNull();
  expect(readArguments(['--port', '1', '--', 'server', '--help'])).toMatchObject({ port: 1 });
});

test.each([
  [['--', 'x'], '--port is missing'],
  [['--port', '1'], 'no command after "--"'],
  [['--port', '1', '--'], 'no command after "--"'],
  [['--port', '70000', '--', 'x'], 'from 0 to 65535'],
  [['--port', '1', '--idle-child-minutes', '0', '--', 'x'], 'above 0'],
  [['--port', '1', '--idle-child-minutes', '1e9', '--', 'x'], 'above 0'],
  [['--prot', '1', '--', 'x'], "'--prot'"],
  [['--port', '1', 'npx', '--', 'x'], "'npx'"],
])('%j is refused by name', (args, sentence) => {
  expect(() => readArguments(args)).toThrow(sentence);
});
