/**
 * The address of the user-only door: a Unix socket in the file system, or a Windows pipe. What a dead
 * program left there is replaced; a program that lives keeps it, also when it is too busy to answer.
 * Between the look and the bind nobody else may come: whoever calls holds the instance lock.
 */
import { chmod, lstat, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { CodedError } from '../../../shared/errors.ts';
import { prepareRuntimeFolder } from '../config/runtime-folder.ts';

/** Listens where only this user can connect. Throws `port_taken` when somebody else is there. */
export async function listenOnSocketFile(server: Server, path: string): Promise<void> {
  if (path.startsWith('\\\\')) {
    // Windows takes a pipe away together with its program: one that is there has an owner.
    await bind(server, path);
    return;
  }
  await prepareRuntimeFolder(dirname(path));
  await refuseForeign(path);
  if (await isAlive(path)) throw takenError(path);
  await rm(path, { force: true });
  await bind(server, path);
  await chmod(path, 0o600);
}

function takenError(path: string): CodedError {
  return new CodedError('port_taken', `Another supervisor answers on ${path}.`);
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

/** What is no socket may be precious; a socket of another user is not ours to replace, dead or not. */
async function refuseForeign(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isSocket()) {
    throw new CodedError(
      'port_taken',
      `${path} is in the way of the control socket and is none. Remove it.`,
    );
  }
  if (found.uid !== process.getuid?.()) {
    throw new CodedError(
      'port_taken',
      `The control socket ${path} belongs to another user (${found.uid}). Let that user remove it, or set XDG_RUNTIME_DIR to a folder of your own.`,
    );
  }
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
