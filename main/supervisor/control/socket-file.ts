/**
 * The address of the user-only door: a Unix socket in the file system, or a Windows pipe. What a dead
 * program left there is replaced; a program that lives keeps it, also when it is too busy to answer. Of
 * several that start at once exactly one gets it: they look and bind one after the other.
 */
import { chmod, lstat, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '../../../shared/errors.ts';
import { codeOf } from '../config/write-file.ts';

/** To look and to bind takes milliseconds; who holds the lock for longer, in ms, was killed. */
const lockLifeMs = 5_000;
const lockRetryMs = 10;

/** Listens where only this user can connect. Throws `port_taken` when somebody else is there. */
export async function listenOnSocketFile(server: Server, path: string): Promise<void> {
  if (path.startsWith('\\\\')) {
    // Windows takes a pipe away together with its program: one that is there has an owner.
    await bind(server, path);
    return;
  }
  await prepareFolder(dirname(path));
  await withLock(`${path}.lock`, async () => {
    if (await isAlive(path)) throw takenError(path);
    await removeDead(path);
    await bind(server, path);
    await chmod(path, 0o600);
  });
}

function takenError(path: string): CodedError {
  return new CodedError('port_taken', `Another supervisor answers on ${path}.`);
}

/** In a shared temporary folder somebody else may have made ours first, to listen in our place. */
async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid } = await lstat(folder);
  if (uid !== process.getuid?.() && uid !== 0) {
    throw new CodedError(
      'port_taken',
      `The folder ${folder} of the control socket belongs to another user. Remove it, or set XDG_RUNTIME_DIR.`,
    );
  }
}

/** Making a folder succeeds for one only. */
async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const held = await stat(lock).catch(() => null);
    if (held && Date.now() - held.mtimeMs > lockLifeMs) await rmdir(lock).catch(() => {});
    else await delay(lockRetryMs);
  }
  try {
    await work();
  } finally {
    await rmdir(lock);
  }
}

/** A refused connection is the one sure sign that nobody is there. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

async function removeDead(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found && !found.isSocket()) {
    throw new CodedError(
      'port_taken',
      `${path} is in the way of the control socket and is none. Remove it.`,
    );
  }
  await rm(path, { force: true });
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? takenError(path) : error);
    };
    server.once('error', onError);
    server.listen(path, () => {
      server.off('error', onError);
      resolve();
    });
  });
}
