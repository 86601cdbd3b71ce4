import { expect, test } from 'vitest';
import { windowsCommand } from './windows-command.ts';

const npx = String.raw`C:\Program Files\nodejs\npx.cmd`;
const node = String.raw`C:\Program Files\nodejs\node.exe`;
const tool = String.raw`C:\work\tool.bat`;
const files = new Set([npx, node, tool].map((path) => path.toLowerCase()));

function resolve(command: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  return windowsCommand(command, args, {
    env: {
      Path: String.raw`C:\Windows;"C:\Program Files\nodejs"`,
      PATHEXT: '.COM;.EXE;.BAT;.CMD',
      ComSpec: String.raw`C:\Windows\system32\cmd.exe`,
      ...env,
    },
    workingDir: String.raw`C:\work`,
    isFile: (path) => files.has(path.toLowerCase()),
  });
}

test('a program is found in PATH, whatever the variable is called, and started without a shell', () => {
  expect(resolve('node', ['a b'])).toEqual({ file: node, args: ['a b'], verbatim: false });
  expect(resolve('NODE.EXE').file.toLowerCase()).toBe(node.toLowerCase());
});

test('npx means npx.cmd, which runs in cmd.exe with one command line', () => {
  const { file, args, verbatim } = resolve('npx', ['-y', 'some-server']);
  expect(file).toBe(String.raw`C:\Windows\system32\cmd.exe`);
  expect(verbatim).toBe(true);
  expect(args.slice(0, 3)).toEqual(['/d', '/s', '/c']);
  expect(args[3]).toBe(
    String.raw`"C:\Program^ Files\nodejs\npx.cmd ^^^"-y^^^" ^^^"some-server^^^""`,
  );
});

test('nothing in an argument can end the command or begin another one', () => {
  const [, , , line = ''] = resolve('npx', ['a & calc.exe | more > x %PATH% "q" \\']).args;
  const argument = line.slice(1, -1).slice(String.raw`C:\Program^ Files\nodejs\npx.cmd `.length);
  // What is left when cmd.exe has taken its escapes off, for the command and for %* in the batch file.
  const once = argument.replace(/\^(.)/g, '$1');
  expect(once.replace(/\^(.)/g, '$1')).toBe(String.raw`"a & calc.exe | more > x %PATH% \"q\" \\"`);
  // No character with a meaning stands there bare, in either round.
  for (const round of [argument, once]) expect(round.replace(/\^./g, '')).not.toMatch(/[&|<>%"]/);
});

test('a command with a folder in it counts from the working folder', () => {
  expect(resolve('.\\tool').args[3]).toBe(String.raw`"C:\work\tool.bat"`);
});

test('without PATHEXT and COMSPEC the usual ones hold', () => {
  const { file } = resolve('npx', [], { PATHEXT: undefined, ComSpec: undefined });
  expect(file).toBe('cmd.exe');
});

test('a command that is not there is left to fail under its own name', () => {
  expect(resolve('missing', ['x'])).toEqual({ file: 'missing', args: ['x'], verbatim: false });
});
