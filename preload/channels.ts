/**
 * The three IPC channels between a window and the main process, and the envelope of a reply. Names of
 * calls and pushes travel as data (they come from `shared/api.ts`), so there is one place to check them.
 */
import type { ErrorCode } from '../shared/errors.ts';

/** `invoke(call, name, argument)` answers an {@link Envelope}. */
export const callChannel = 'supervisor:call';

/** `send(listen, name, wanted)` says that the page wants a push from now on, or no longer. */
export const listenChannel = 'supervisor:listen';

/** On this channel the messages of one push arrive. */
export function pushChannel(name: string): string {
  return `supervisor:push:${name}`;
}

/** Electron keeps only the message of an error that crosses IPC; the envelope keeps its code as well. */
export type Envelope =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly error: string };
