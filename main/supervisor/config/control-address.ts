/** Where the files are by which a supervisor of this user and configuration is found. */
import { createHash } from 'node:crypto';
import { posix, win32 } from 'node:path';
import type { Config } from '../../../shared/config-schema.ts';
import { configPath, type Machine, runtimeFolder } from './config-path.ts';

/** What decides about the runtime folder, besides the machine. */
export interface RuntimeMachine extends Machine {
  readonly tmpdir: string;
  /** `process.getuid()`, or the user's name where there is no such number. */
  readonly uid: number | string;
}

/** A configuration's name where a path does not fit: in addresses and in cookies. */
export function familyOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 10);
}

/** A file of this user and configuration that lives no longer than its program: `sock`, `lock`. */
export function runtimeFile(ending: string, path: string, machine: RuntimeMachine): string {
  const standard = configPath({ ...machine, env: {}, option: null, cwd: '/' });
  const suffix = path === standard ? '' : `-${familyOf(path)}`;
  const { join } = machine.platform === 'win32' ? win32 : posix;
  return join(runtimeFolder(machine), `control${suffix}.${ending}`);
}

/** The pipe that the old clients know, or a socket of this configuration's own. */
export function controlAddress(config: Config, path: string, machine: RuntimeMachine): string {
  if (machine.platform === 'win32') return config.supervisor.control_pipe;
  return runtimeFile('sock', path, machine);
}
