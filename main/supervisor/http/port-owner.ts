/**
 * Who listens on a TCP port, so that "port taken" can name the program to stop. Nothing here ends a
 * process (W25): a person decides. Other users' processes cannot be looked into; then there is no answer.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '../../../shared/errors.ts';

export interface PortOwner {
  readonly pid: number;
  /** The file name of its program, such as `node`. */
  readonly program: string;
}

/** A start that fails need not fail slowly: whoever is not found by then stays unnamed. */
const searchMs = 5_000;

/** Processes whose open files are read at the same time: the file system has four threads for all of us. */
const searchedAtOnce = 8;

/** The state of a listening socket in /proc/net/tcp (proc(5), TCP_LISTEN). */
const listening = '0A';

/**
 * The program that listens on the port, on any address; null when there is none or it cannot be seen.
 * Never throws; takes five seconds at most.
 */
export async function portOwner(port: number): Promise<PortOwner | null> {
  const signal = AbortSignal.timeout(searchMs);
  try {
    if (process.platform === 'linux') return await searchProc(port, signal);
    if (process.platform === 'win32') return await askNetstat(port, signal);
    return await askLsof(port, signal);
  } catch {
    // The tool is missing, or it took too long: "another program" has to do.
    return null;
  }
}

/** The `port_taken` error for whom `what` names, with the owner's name and process id when they are known. */
export async function portTakenError(port: number, what: string): Promise<CodedError> {
  const owner = await portOwner(port);
  const who = owner === null ? 'another program' : `${owner.program} (pid ${owner.pid})`;
  return new CodedError(
    'port_taken',
    `Port ${port} of the ${what} is in use by ${who}. Stop that program or set another port.`,
  );
}

async function searchProc(port: number, signal: AbortSignal): Promise<PortOwner | null> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) =>
      readFile(path, { encoding: 'latin1', signal }).catch(() => ''),
    ),
  );
  const links = new Set(
    tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`),
  );
  if (links.size === 0) return null;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // The newest first: it is more often a program of this session than one of the system.
  pids.reverse();
  for (let start = 0; start < pids.length; start += searchedAtOnce) {
    signal.throwIfAborted();
    const batch = pids.slice(start, start + searchedAtOnce);
    const holds = await Promise.all(batch.map((pid) => holdsOneOf(pid, links)));
    const pid = batch.find((_pid, index) => holds[index]);
    if (pid !== undefined) return { pid: Number(pid), program: await programOf(pid) };
  }
  return null;
}

/** The inodes of the sockets that listen on the port, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return local?.endsWith(wanted) && state === listening && inode !== undefined ? [inode] : [];
  });
}

async function holdsOneOf(pid: string, links: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (links.has(await readlink(`${folder}/${name}`).catch(() => ''))) return true;
  }
  return false;
}

/** The name of the executable; the command's own name is cut to 15 characters, and Node changes it. */
async function programOf(pid: string): Promise<string> {
  const path = await readlink(`/proc/${pid}/exe`).catch(() => null);
  if (path !== null) return basename(path.replace(/ \(deleted\)$/, ''));
  return (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
}

async function askLsof(port: number, signal: AbortSignal): Promise<PortOwner | null> {
  const args = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'];
  return ownerInLsof(await outputOf('lsof', args, signal));
}

/** The first process in the output of `lsof -Fpc`: one field a line, its letter first. */
export function ownerInLsof(output: string): PortOwner | null {
  const lines = output.split('\n');
  const pid = lines.find((line) => /^p\d+$/.test(line))?.slice(1);
  const program = lines.find((line) => line.startsWith('c'))?.slice(1);
  if (pid === undefined || program === undefined) return null;
  // lsof writes bytes that do not print, and spaces, as \x20.
  return { pid: Number(pid), program: program.replaceAll(/\\x([0-9a-f]{2})/gi, decodeByte) };
}

function decodeByte(_escape: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

async function askNetstat(port: number, signal: AbortSignal): Promise<PortOwner | null> {
  const pid = pidInNetstat(await outputOf('netstat', ['-ano'], signal), port);
  if (pid === null) return null;
  const args = ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'];
  const program = programInTasklist(await outputOf('tasklist', args, signal));
  return program === null ? null : { pid, program };
}

/**
 * The process that listens on the port, from the output of Windows' `netstat -ano`. The word for
 * "listening" is translated; that the other end is port 0 says the same in every language.
 */
export function pidInNetstat(output: string, port: number): number | null {
  for (const line of output.split('\n')) {
    const [protocol, local, remote, , pid] = line.trim().split(/\s+/);
    const isListening = protocol === 'TCP' && remote?.endsWith(':0') === true;
    if (isListening && local?.endsWith(`:${port}`) && pid !== undefined) return Number(pid);
  }
  return null;
}

/** The program's name in `tasklist /FO CSV /NH`; null for its notice that there is no such process. */
export function programInTasklist(output: string): string | null {
  return /^"([^"]+)","\d+"/m.exec(output)?.[1] ?? null;
}

async function outputOf(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...args], {
    signal,
    windowsHide: true,
    maxBuffer: 8 * 1024 * 1024,
  });
  return stdout;
}
