/** Gathers what the doctor looks at from the machine. Nothing here fails: what cannot be seen is unknown. */
import { lstat, readdir, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusSnapshot } from '../../../shared/status.ts';
import { type Autostart, lookAtAutostart } from '../config/autostart.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Facts } from './checks.ts';

export interface FactsOptions {
  readonly snapshot: () => StatusSnapshot;
  readonly dataDir: string;
  /** Null where control goes over a pipe, or the socket is off. */
  readonly socketPath: string | null;
  readonly strays: () => Promise<readonly number[]>;
  /** Of the user: where the files are that start programs at log-in. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How long the event loop is watched, in ms. */
const watchMs = 300;
const resolutionMs = 10;

export async function gatherFacts(options: FactsOptions): Promise<Facts> {
  const { dataDir, socketPath } = options;
  const logFolder = join(dataDir, 'logs');
  // First and alone: the other questions would make it late themselves.
  const loopDelayMs = await loopDelay();
  const [strays, autostart, freeBytes, logBytes, socketMode, socketFolderMode] = await Promise.all([
    options.strays().catch(() => []),
    autostartOf(options),
    freeSpace(dataDir),
    folderSize(logFolder),
    socketPath === null ? null : modeOf(socketPath),
    socketPath === null ? null : modeOf(dirname(socketPath)),
  ]);
  return {
    snapshot: options.snapshot(),
    nodeVersion: process.versions.node,
    strays,
    freeBytes,
    dataDir,
    logBytes,
    logFolder,
    socketMode,
    socketFolderMode,
    socketPath: socketPath ?? '',
    loopDelayMs,
    autostart,
  };
}

async function autostartOf({ snapshot, env }: FactsOptions): Promise<Autostart> {
  const configPath = snapshot().config.path;
  // As the file has it: a login item is set when the file is applied, also by another run.
  const { config } = await loadConfig(configPath);
  return await lookAtAutostart({
    machine: { env, platform: process.platform, homedir: homedir() },
    configPath,
    wantsLoginItem: config?.desktop.login_item ?? false,
  });
}

/** How much later than it should a timer comes, in the middle of a short while. */
async function loopDelay(): Promise<number> {
  const watch = monitorEventLoopDelay({ resolution: resolutionMs });
  watch.enable();
  await delay(watchMs);
  watch.disable();
  const median = watch.percentile(50) / 1e6;
  return Number.isFinite(median) ? Math.max(0, median - resolutionMs) : 0;
}

async function freeSpace(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map(async (name) => {
    const found = await stat(join(folder, name)).catch(() => null);
    return found?.isFile() ? found.size : 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function modeOf(path: string): Promise<number | null> {
  return (await lstat(path).catch(() => null))?.mode ?? null;
}
