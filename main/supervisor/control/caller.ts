/** Who sends a request, as far as a command has to know it. */

/** A connection on which more than replies can be told, and which ends some day. */
export interface CallerConnection {
  /** Aborts when the client is gone. */
  readonly closed: AbortSignal;
  /** Sends a line between replies; false when the client reads too slowly to be sent it now. */
  tell(line: object): boolean;
  /** Calls the listener each time the client has read what was sent; returns the way out. */
  onRead(listener: () => void): () => void;
}

export interface Caller {
  /** Null where each request stands alone: over HTTP, and from the window. */
  readonly connection: CallerConnection | null;
}

/** Somebody of whom only the request is known. */
export const passerBy: Caller = { connection: null };
