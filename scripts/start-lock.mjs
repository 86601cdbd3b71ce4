/**
 * Two starts at once must not install or build into each other. The lock is a folder that appears, with its
 * owner's name in it, in one step (rename), so there is never a lock without an owner.
 *
 * A lock is stale when its owner's process is gone, or, for a pid that was given to another program since,
 * when its owner has not touched it for 30 s. Taking over renames the stale lock to a name made from that
 * owner's id: of several that noticed, only one succeeds, and none can take a lock that was made meanwhile.
 */
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const touchEveryMs = 5_000;
const staleAfterMs = 30_000;
const lookEveryMs = 100;

/**
 * Runs `work` while holding the lock `folder`, after waiting for whoever holds it.
 * @template T
 * @param {string} folder
 * @param {{ onWait: (ownerPid: number) => void }} options `onWait` is called at most once
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, { onWait }, work) {
  const release = await acquire(folder, onWait);
  const ownerFile = join(folder, 'owner.json');
  const touch = setInterval(() => {
    const now = new Date();
    utimes(ownerFile, now, now).catch(() => undefined);
  }, touchEveryMs);
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    process.off('exit', release);
    release();
  }
}

/** @param {string} folder @param {(ownerPid: number) => void} onWait */
async function acquire(folder, onWait) {
  const id = randomUUID();
  /** @type {string[]} */
  const takenOver = [];
  let told = false;
  while (!take(folder, id)) {
    const owner = readOwner(folder);
    if (owner?.stale) {
      const aside = join(dirname(folder), `.stale-${owner.id}`);
      if (rename(folder, aside)) {
        takenOver.push(aside);
        continue;
      }
    } else if (owner && !told) {
      told = true;
      onWait(owner.pid);
    }
    await delay(lookEveryMs);
  }
  return () => {
    for (const each of [...takenOver, folder]) rmSync(each, { recursive: true, force: true });
  };
}

/** One try. False when somebody else has the lock. @param {string} folder @param {string} id */
function take(folder, id) {
  if (existsSync(folder)) return false;
  const mine = `${folder}.${id}`;
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, 'owner.json'), JSON.stringify({ id, pid: process.pid }));
  if (rename(mine, folder)) return true;
  rmSync(mine, { recursive: true, force: true });
  return false;
}

/**
 * False when somebody else was faster: the target is there, or what should move is gone.
 * @param {string} from @param {string} to
 */
function rename(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const { code = '' } = /** @type {NodeJS.ErrnoException} */ (error);
    // EPERM and EACCES are Windows' words for a folder that exists or is being read.
    if (['EEXIST', 'ENOTEMPTY', 'ENOENT', 'EPERM', 'EACCES'].includes(code)) return false;
    throw error;
  }
}

/** @param {string} folder */
function readOwner(folder) {
  const file = join(folder, 'owner.json');
  try {
    const { id, pid } = JSON.parse(readFileSync(file, 'utf8'));
    return { id: String(id), pid: Number(pid), stale: !isAlive(pid) || isUntouched(file) };
  } catch {
    // Released while it was read; or nobody's, for example after a power cut.
    return isUntouched(folder) ? { id: 'nobody', pid: 0, stale: true } : undefined;
  }
}

/** @param {string} path */
function isUntouched(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > staleAfterMs;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'; // Somebody else's, but alive.
  }
}
