/** What is compared: a program that keeps processes running, seen from outside. */

export type ManagerName = 'ours' | 'pm2';

/** One run of a manager with some processes, all of them up. */
export interface Manager extends AsyncDisposable {
  /** The process that supervises; the children are its own. */
  readonly pid: number;
  /** Ends all processes, all asked for at once; resolves when the manager says that they are gone. */
  stopAll(): Promise<void>;
  /** Starts them again; resolves when the manager says that all are up. */
  startAll(): Promise<void>;
  /** The state of all processes, once, over a connection that is open. */
  status(): Promise<void>;
}

export interface Contestant {
  readonly name: ManagerName;
  readonly version: string;
  /** Starts it with so many processes. */
  readonly open: (processes: number) => Promise<Manager>;
}

/** What every process does: nothing. So what is measured is its manager. */
export const sleeper = { command: 'sleep', args: ['1000000'] } as const;

export function nameOf(index: number): string {
  return `sleeper-${index}`;
}
