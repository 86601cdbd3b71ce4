import type { ChildProcess } from 'node:child_process';

/** The application gives its services 15 s to stop; this is a little more, in ms. */
const patienceMs = 20_000;

/** Ends a program in order, so that it takes its children along; by force if it does not come. */
export async function endProcess(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await exited;
  clearTimeout(force);
}
