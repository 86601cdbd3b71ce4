/**
 * Runs inside the headless supervisor before its own code (`node --import`). The launcher holds the other end
 * of a pipe; when it is gone, even by kill -9, the supervisor is asked to stop, as if the terminal had closed.
 * Without this it would live on unseen in its own session and keep its ports.
 */
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const fd = Number(process.env.PM_SUPERVISOR_LIFELINE_FD);
// Forked children inherit `--import` and the environment, but not the pipe.
delete process.env.PM_SUPERVISOR_LIFELINE_FD;

if (isMainThread && Number.isInteger(fd) && fd > 2) {
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('error', () => undefined); // `close` follows and says all there is to say.
  pipe.once('close', () => process.kill(process.pid, 'SIGTERM'));
  pipe.resume();
  pipe.unref();
}
