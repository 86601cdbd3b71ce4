/** What the numbers were measured on. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  /** Of the last minute before the run; beyond 0 somebody else is working here. */
  readonly loadBefore: number;
  readonly commit: string;
  readonly versions: readonly string[];
}

/** To be called before the run: the load is that of the minute before. */
export function describeMachine(versions: readonly string[]): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
    commit: commit(),
    versions: [`Node ${process.versions.node}`, ...versions],
  };
}

/** The first lines of every table: what was measured when, and on what. */
export function machineLines(what: string, machine: Machine): readonly string[] {
  return [
    `${what}, measured ${machine.date} at commit ${machine.commit}`,
    `${machine.cores} x ${machine.cpu}, ${machine.memoryGib} GiB, ${machine.system}; load before the run ${machine.loadBefore.toFixed(2)}`,
  ];
}

/** The version of a package of ours, with its name. */
export function packageVersion(name: string): string {
  const file = join(root, 'node_modules', name, 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return `${name} ${version}`;
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
