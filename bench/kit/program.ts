/** The frame of every benchmark: one line for what fails, nothing left behind, progress for who looks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Children } from './children.ts';

/** Runs a benchmark; what it throws is said in a line, and ends in exit code 1. */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}

/** Processes and a folder that are gone when this program is, also after Ctrl-C. */
export function childrenUntilExit(): Children {
  const children = new Children();
  process.once('exit', () => children.clean());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  return children;
}

/** On a terminal only, and on standard error, so that the tables can be piped. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** Throws unless this is Linux; `why` says what is read there. */
export function needLinux(why: string): void {
  if (process.platform !== 'linux') throw new Error(`This benchmark needs Linux: ${why}.`);
}

/** Throws unless the program is built. */
export function needBuild(): void {
  if (!existsSync(join(import.meta.dirname, '../../out/main/headless.js'))) {
    throw new Error('There is no build yet; run "npm run build" first.');
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
