/**
 * pm2 with a home of its own, asked over its own socket by its own library: what its command line adds
 * (a Node of its own for each command) is not measured. It has the settings that it has by default.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { until } from '../../test/until.ts';
import { type Contestant, type Manager, nameOf, sleeper } from './manager.ts';

type Callback<Result> = (error: Error | null, result: Result) => void;

interface Description {
  readonly pm2_env: { readonly status: string };
}

/** The part of pm2's library that is used. */
interface Api {
  connect(callback: Callback<unknown>): void;
  disconnect(): void;
  start(apps: readonly object[], callback: Callback<unknown>): void;
  stop(name: string, callback: Callback<unknown>): void;
  restart(name: string, callback: Callback<unknown>): void;
  list(callback: Callback<readonly Description[]>): void;
  killDaemon(callback: Callback<unknown>): void;
}

interface Library {
  readonly custom: new (options: { readonly pm2_home: string }) => Api;
}

export interface FoundPm2 {
  readonly contestant: Contestant;
  /** Takes away what was installed. */
  readonly clean: () => void;
}

/** pm2 where it is installed; else fetched when wanted; else null. */
export function findPm2(env: NodeJS.ProcessEnv, isWanted: boolean): FoundPm2 | null {
  const bin = env['PM2_BIN'] ?? inPath(env['PATH'] ?? '');
  if (bin !== null) return found(dirname(dirname(realpathSync(bin))), () => {});
  if (!isWanted) return null;
  const folder = mkdtempSync(join(tmpdir(), 'bench-pm2-'));
  const clean = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    const args = ['install', 'pm2@latest', '--prefix', folder, '--no-audit', '--no-fund'];
    execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    clean();
    throw new Error('pm2 could not be installed; run without --with-pm2.', { cause: error });
  }
  return found(join(folder, 'node_modules', 'pm2'), clean);
}

function inPath(path: string): string | null {
  return (
    path
      .split(delimiter)
      .map((folder) => join(folder, 'pm2'))
      .find((file) => existsSync(file)) ?? null
  );
}

function found(folder: string, clean: () => void): FoundPm2 {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  const library = createRequire(join(folder, 'package.json'))(folder) as Library;
  const contestant: Contestant = {
    name: 'pm2',
    version,
    open: (processes) => open(library, processes),
  };
  return { contestant, clean };
}

async function open(library: Library, processes: number): Promise<Manager> {
  const home = mkdtempSync(join(tmpdir(), 'bench-pm2-home-'));
  const api = new library.custom({ pm2_home: home });
  const ask = <Result>(question: (callback: Callback<Result>) => void) =>
    new Promise<Result>((resolve, reject) => {
      question((error, result) => (error ? reject(asError(error)) : resolve(result)));
    });
  const list = () => ask<readonly Description[]>((callback) => api.list(callback));
  const untilAll = async (status: string) => {
    await until(async () => (await list()).every((each) => each.pm2_env.status === status), {
      what: `all of pm2's processes to be ${status}`,
      timeoutMs: 60_000,
    });
  };
  const close = async () => {
    const pid = daemonOf(home);
    await ask((callback) => api.killDaemon(callback)).catch(() => {});
    api.disconnect();
    endForSure(pid);
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await ask((callback) => api.connect(callback));
    const apps = Array.from({ length: processes }, (_each, index) => ({
      name: nameOf(index),
      script: sleeper.command,
      args: sleeper.args,
      interpreter: 'none',
      cwd: home,
    }));
    await ask((callback) => api.start(apps, callback));
    await untilAll('online');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pid: daemonOf(home),
    stopAll: async () => {
      await ask((callback) => api.stop('all', callback));
      await untilAll('stopped');
    },
    startAll: async () => {
      await ask((callback) => api.restart('all', callback));
      await untilAll('online');
    },
    status: async () => {
      if ((await list()).length < processes) throw new Error('too few states');
    },
    [Symbol.asyncDispose]: close,
  };
}

function daemonOf(home: string): number {
  const file = join(home, 'pm2.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

function endForSure(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, as it was asked to.
  }
}

/** pm2 throws what is no Error, too. */
function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(JSON.stringify(error));
}
