/**
 * The lock of `app.requestSingleInstanceLock`: a file in the data folder that names its owner, beside
 * which a second start leaves a message. Electron's is a socket, but answers at once too.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

type SecondInstanceListener = (argv: readonly string[], cwd: string, data: unknown) => void;

const messageName = /^second-instance-\d+\.json$/;

/** True if this process is the first; false after the first was told about this one. */
export function claimInstance(
  folder: string,
  additionalData: unknown,
  onSecondInstance: SecondInstanceListener,
): boolean {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, 'instance.lock');
  if (!createLock(lock)) {
    if (isAlive(Number(readFileSync(lock, 'utf8')))) {
      leaveMessage(folder, additionalData);
      return false;
    }
    writeFileSync(lock, String(process.pid));
  }
  process.on('exit', () => rmSync(lock, { force: true }));
  watch(folder, { persistent: false }, () => readMessages(folder, onSecondInstance));
  return true;
}

function createLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function leaveMessage(folder: string, additionalData: unknown): void {
  const message = JSON.stringify([process.argv, process.cwd(), additionalData]);
  const draft = join(folder, `draft-${process.pid}`);
  writeFileSync(draft, message);
  renameSync(draft, join(folder, `second-instance-${process.pid}.json`));
}

function readMessages(folder: string, onSecondInstance: SecondInstanceListener): void {
  for (const name of readdirSync(folder).filter((each) => messageName.test(each))) {
    const file = join(folder, name);
    const [argv, cwd, data] = JSON.parse(readFileSync(file, 'utf8')) as [string[], string, unknown];
    rmSync(file);
    onSecondInstance(argv, cwd, data);
  }
}
