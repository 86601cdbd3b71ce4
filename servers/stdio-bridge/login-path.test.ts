import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loginPath } from './login-path.ts';

const short = '/usr/bin:/bin:/usr/sbin:/sbin';

/** A shell whose start-up files do `script`. */
async function shellThat(script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'login-path-'));
  const shell = join(folder, 'shell');
  await writeFile(shell, `#!/bin/sh\n${script}\n[ "$1" = -ilc ] && eval "$2"\n`);
  await chmod(shell, 0o755);
  return { shell, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const posix = test.skipIf(process.platform === 'win32');

posix(
  'the short PATH of the desktop is replaced by that of the login shell, past its greetings',
  async () => {
    await using fake = await shellThat('echo "Welcome, PATH!"; PATH=/opt/homebrew/bin:/usr/bin');
    expect(await loginPath({ platform: 'darwin', path: short, shell: fake.shell })).toBe(
      '/opt/homebrew/bin:/usr/bin',
    );
  },
);

posix('a PATH with more in it, and that of other systems, is left alone', async () => {
  await using fake = await shellThat('PATH=/wrong');
  const { shell } = fake;
  const own = `/Users/me/bin:${short}`;
  expect(await loginPath({ platform: 'darwin', path: own, shell })).toBe(own);
  expect(await loginPath({ platform: 'linux', path: short, shell })).toBe(short);
});

posix.each([
  ['hangs', 'exec sleep 60'],
  ['fails', 'exit 3'],
])('a shell that %s changes nothing', async (_what, script) => {
  await using fake = await shellThat(script);
  const options = { platform: 'darwin', path: short, shell: fake.shell, timeoutMs: 300 } as const;
  expect(await loginPath(options)).toBe(short);
});

test('a shell that is not there changes nothing', async () => {
  const options = { platform: 'darwin', path: short, shell: '/no/such/shell' } as const;
  expect(await loginPath(options)).toBe(short);
});
