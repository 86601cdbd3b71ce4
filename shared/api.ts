/**
 * The one contract between the supervisor and its user interface. In Electron it runs over IPC
 * (`preload/`), in a browser over HTTP and SSE (`renderer/bridge.ts`); both ends derive from the
 * value below, so a call that exists on one side exists on the other.
 */

import type {
  ControlRequest,
  Reply,
  ReplyData,
  RequestOf,
  RequestType,
} from './control-protocol.ts';
import { CodedError } from './errors.ts';
import type { StampedEvent } from './events.ts';
import type { StatusSnapshot } from './status.ts';

/** Declares a question the page asks: `call<Argument, Answer>()`. */
function call<Argument, Answer>(): { readonly argument: Argument; readonly answer: Answer } {
  return {} as { readonly argument: Argument; readonly answer: Answer };
}

/** Declares news the supervisor tells: `push<Message>()`. */
function push<Message>(): { readonly message: Message } {
  return {} as { readonly message: Message };
}

export const api = {
  calls: {
    /** Any control request; the reply is the protocol's own envelope, so coded errors survive. */
    control: call<ControlRequest, Reply>(),
    /** Opens an http(s) address in the system's browser. */
    openExternal: call<string, void>(),
    /** Opens the configuration file in the program that the system has for it; only on a desktop. */
    openConfigFile: call<null, void>(),
  },
  pushes: {
    /** The whole state, at most a few times a second, only when something changed. */
    snapshot: push<StatusSnapshot>(),
    /** Data-change events, in batches, as they happen. */
    events: push<readonly StampedEvent[]>(),
  },
} as const;

export type Calls = typeof api.calls;
export type Pushes = typeof api.pushes;

/** What the page finds at `window.supervisor` (Electron) or builds for itself (browser). */
export interface SupervisorBridge {
  call<Name extends keyof Calls>(
    name: Name,
    argument: Calls[Name]['argument'],
  ): Promise<Calls[Name]['answer']>;
  /** Listens until the returned function is called. The latest snapshot is delivered at once. */
  listen<Name extends keyof Pushes>(
    name: Name,
    listener: (message: Pushes[Name]['message']) => void,
  ): () => void;
}

/** Sends one control request and returns its data; a refusal is thrown with its code. */
export async function control<Type extends RequestType>(
  bridge: SupervisorBridge,
  request: RequestOf<Type>,
): Promise<ReplyData[Type]> {
  const reply = await bridge.call('control', request as ControlRequest);
  if (reply.ok) return reply.data as ReplyData[Type];
  throw new CodedError(reply.code, reply.error);
}
