/**
 * How a process is known to be ours, whatever it did to its parents and groups: an environment variable
 * that every descendant inherits (Jenkins calls it a build cookie). A child that makes a session of its
 * own or forks twice leaves its group, but not its environment.
 */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { environmentOf } from './proc-environment.ts';
import { patiently } from './shortage.ts';

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
  const names = await patiently(() => readdir('/proc')).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const isOurs = await Promise.all(
    pids.map(async (pid) => hasCookie(await environmentOf(pid), cookie)),
  );
  return pids.filter((_pid, index) => isOurs[index]);
}

/** Nearly all environments are strangers': those are not even made a text. */
function hasCookie(environment: Buffer, cookie: string): boolean {
  if (!environment.includes(`${cookieName}=${cookie}`)) return false;
  const entries = environment.toString('latin1').split('\0');
  const entry = entries.find((each) => each.startsWith(`${cookieName}=`));
  return entry !== undefined && isCookie(entry.slice(cookieName.length + 1), cookie);
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

/**
 * Processes of a configuration that this run did not start: what an earlier one left, but for those that
 * it means to keep. Cookies are `<family>.<run>.<process>`.
 */
export async function findStrays(family: string, run: string): Promise<readonly number[]> {
  const [all, ...ours] = await Promise.all(
    [family, `${family}.${run}`, `${family}.kept`].map(processesWithCookie),
  );
  return (all ?? []).filter((pid) => !ours.some((pids) => pids.includes(pid)));
}
