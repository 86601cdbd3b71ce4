/** The application process's end of the link to the test. */
import { type Call, link, type Port } from './link.ts';
import type { AppMethods, HostMethods } from './protocol.ts';

let call: Call<HostMethods> | undefined;

/** Joins this process to the test that forked it; a second start that only ends is not joined. */
export function joinHost(methods: AppMethods): void {
  if (process.connected) call = link<AppMethods, HostMethods>(process as Port, methods);
}

/** Asks the test's side. */
export const host: Call<HostMethods> = (name, ...args) => {
  if (call === undefined) throw new Error('This process was not forked by a test.');
  return call(name, ...args);
};
