/**
 * How a process is known to be ours, whatever it did to its parents and groups: an environment variable
 * that every descendant inherits (Jenkins calls it a build cookie). A child that makes a session of its
 * own or forks twice leaves its group, but not its environment.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The variable; its value is `<configuration>.<run>.<process>`, each part narrower than the one before. */
export const cookieName = 'PM_SUPERVISOR_COOKIE';

/**
 * The ids of living processes whose cookie is `cookie` or begins with it and a dot. Processes of other
 * users, and those that cannot be looked at, are not ours. Empty on Windows, which has job objects.
 */
export async function processesWithCookie(cookie: string): Promise<readonly number[]> {
  if (process.platform === 'linux') return await searchProc(cookie);
  if (process.platform === 'win32') return [];
  return await searchPs(cookie);
}

async function searchProc(cookie: string): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => []);
  const checks = names
    .filter((name) => /^\d+$/.test(name))
    .map(async (name) => {
      // Gone meanwhile, a kernel thread, or somebody else's: not ours.
      const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      const entry = environment.split('\0').find((each) => each.startsWith(`${cookieName}=`));
      return entry !== undefined && isCookie(entry.slice(cookieName.length + 1), cookie)
        ? Number(name)
        : null;
    });
  return (await Promise.all(checks)).filter((pid) => pid !== null);
}

/** macOS and the BSDs: `ps` shows the environment behind the command. */
async function searchPs(cookie: string): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axEww', '-o', 'pid=,command='], {
    maxBuffer: 64 * 1024 * 1024,
  }).catch(() => ({ stdout: '' }));
  return stdout.split('\n').flatMap((line) => {
    const match = new RegExp(`^\\s*(\\d+) .*\\s${cookieName}=(\\S+)`).exec(line);
    return match?.[2] !== undefined && isCookie(match[2], cookie) ? [Number(match[1])] : [];
  });
}

function isCookie(value: string, cookie: string): boolean {
  return value === cookie || value.startsWith(`${cookie}.`);
}
