/** Why a process could not be started, in words that name the cure. */
import { stat } from 'node:fs/promises';
import { isShortage } from './shortage.ts';
import type { Command } from './supervised-process.ts';

/** Errors of execve(2) and chdir(2) that trying again cannot cure. */
const permanentCodes = new Set([
  'ENOENT',
  'EACCES',
  'ENOTDIR',
  'EPERM',
  'ENOEXEC',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'E2BIG',
]);

export interface SpawnProblem {
  readonly reason: string;
  readonly permanent: boolean;
}

/** The system says ENOENT and EACCES of the command and of its folder alike; this says of which. */
export async function spawnProblem(
  { command, workingDir }: Command,
  error: NodeJS.ErrnoException,
): Promise<SpawnProblem> {
  const permanent = permanentCodes.has(error.code ?? '');
  const folder = workingDir === undefined ? null : await folderProblem(workingDir);
  if (folder !== null && permanent) return { reason: folder, permanent };
  if (error.code === 'ENOENT') {
    const reason = `command "${command}" was not found. Install it or correct the configuration.`;
    return { reason, permanent };
  }
  if (error.code === 'EACCES' || error.code === 'ENOEXEC') {
    const reason = `command "${command}" cannot be executed (${error.code}). Make the file executable or correct the configuration.`;
    return { reason, permanent };
  }
  if (isShortage(error)) {
    const reason = `cannot start "${command}": the supervisor has reached a limit of the system (${error.code}). Raise it (ulimit -n, ulimit -u) or close connections; it is tried again by itself.`;
    return { reason, permanent };
  }
  return { reason: `cannot start "${command}": ${error.message}`, permanent };
}

async function folderProblem(folder: string): Promise<string | null> {
  try {
    if ((await stat(folder)).isDirectory()) return null;
    return `working_dir "${folder}" is not a folder. Correct the configuration.`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return `working_dir "${folder}" does not exist. Create it or correct the configuration.`;
    }
    return `working_dir "${folder}" cannot be entered (${code}).`;
  }
}
