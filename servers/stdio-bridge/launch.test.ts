import { expect, test } from 'vitest';
import { launchOf } from './launch.ts';

const windows = (command: string, ...args: string[]) =>
  launchOf(command, args, 'win32', { ComSpec: 'C:\\Windows\\cmd.exe' });

test('elsewhere a command is started as it is', () => {
  expect(launchOf('npx', ['-y', 'a b'], 'linux', {})).toMatchObject({
    file: 'npx',
    args: ['-y', 'a b'],
    verbatim: false,
  });
});

test('on Windows a program is started as it is, all else by cmd.exe', () => {
  expect(windows('C:\\node.exe', 'a b')).toMatchObject({ file: 'C:\\node.exe', verbatim: false });
  expect(windows('npx', '-y', 'server')).toMatchObject({
    file: 'C:\\Windows\\cmd.exe',
    args: ['/d', '/s', '/c', '"npx ^"-y^" ^"server^""'],
    verbatim: true,
  });
});

test.each([
  ['a b', '^"a^ b^"'],
  ['', '^"^"'],
  ['say "hi"', '^"say^ \\^"hi\\^"^"'],
  ['C:\\dir\\', '^"C:\\dir\\\\^"'],
  ['a\\"b', '^"a\\\\\\^"b^"'],
  ['%PATH%', '^"^%PATH^%^"'],
  ['a&calc|b>c<d^e!', '^"a^&calc^|b^>c^<d^^e^!^"'],
])('the argument %j reaches a program through cmd.exe unharmed', (arg, quoted) => {
  expect(windows('x.cmd', arg).args[3]).toBe(`"x.cmd ${quoted}"`);
});

test('a folder with a space is found, a shim of node_modules/.bin is quoted for its second reading', () => {
  expect(windows('C:/Program Files/x.cmd').args[3]).toBe('"C:\\Program^ Files\\x.cmd"');
  expect(windows('node_modules\\.bin\\x.cmd', 'a&b').args[3]).toBe(
    '"node_modules\\.bin\\x.cmd ^^^"a^^^&b^^^""',
  );
});

test('an argument that cmd.exe would cut is refused', () => {
  expect(() => windows('npx', 'a\nb')).toThrow('line break');
});
