/** What the operating system says about processes.  */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';

/** True where `survivorsOf` knows the answer. */
export const hasProc = process.platform === 'linux';

export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

/** Every process whose environment carries `NAME=value`; one that is only waiting to be reaped is gone. */
export function survivorsOf(marker: string): readonly Survivor[] {
  if (!hasProc) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProc(pid, 'environ').split('\0').includes(marker))
    .map((pid) => ({
      pid: Number(pid),
      command: readProc(pid, 'cmdline').replaceAll('\0', ' ').trim(),
    }));
}

/** Empty when the process has gone or is somebody else's. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** True while the process runs; one that is only waiting to be reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // proc_pid_stat(5): the state comes after the name, which is in parentheses.
  return !/\) Z /.test(readProc(String(pid), 'stat'));
}

/** True when somebody accepts connections on the port of this machine, or on the socket's path. */
export function isListening(address: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket =
      typeof address === 'number' ? connect(address, '127.0.0.1') : connect({ path: address });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
