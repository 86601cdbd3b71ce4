/** Processes in words, for people who want to know what a stop waits for. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { redactArguments } from '../telemetry/redact.ts';

/** More would not be read. */
const namedProcesses = 3;

/** Enough to recognise a command, little enough for a line of a table. */
const commandChars = 60;

/** `process 12 (node server.js), process 14 (sleep 100) and 3 more`. */
export async function describeProcesses(pids: readonly number[]): Promise<string> {
  const named = await Promise.all(pids.slice(0, namedProcesses).map(describeProcess));
  const more = pids.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

async function describeProcess(pid: number): Promise<string> {
  const command = (await commandOf(pid)).trim();
  if (command === '') return `process ${pid}`;
  const short = command.length > commandChars ? `${command.slice(0, commandChars - 1)}…` : command;
  return `process ${pid} (${short})`;
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return redactArguments(line.split('\0')).join(' ');
  }
  const ps = promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
  const { stdout } = await ps.catch(() => ({ stdout: '' }));
  return redactArguments(stdout.split(' ')).join(' ');
}
