/** What the numbers were measured on. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Contestant } from './contestants.ts';
import { nchanVersion } from './nchan.ts';

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

export function describeMachine(contestants: readonly Contestant[]): Machine {
  const has = (name: string) => contestants.some((each) => each.name === name);
  const packages = ['better-sse', 'express']
    .filter(has)
    .map((name) => `${name} ${versionOf(name)}`);
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
    commit: commit(),
    versions: [
      `Node ${process.versions.node}`,
      ...packages,
      ...(has('nchan') ? [nchanVersion()] : []),
    ],
  };
}

function versionOf(name: string): string {
  const file = join(root, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
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
