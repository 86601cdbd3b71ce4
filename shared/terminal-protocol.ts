/**
 * What page and supervisor say to each other over the terminal's WebSocket. Binary messages are bytes of
 * the terminal: keys one way, output the other. Text messages are JSON, and are these.
 */

/** Path of the WebSocket on the status page's server. */
export const terminalPath = '/terminal';

/** The terminal's own page, behind the address of the status page. */
export const terminalPage = 'terminal.html';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Beyond these no screen is; the system keeps sizes in 16 bits. */
export const maxTerminalSize: TerminalSize = { columns: 1_000, rows: 500 };

/** From the page. The first message must be its size: with it the page joins. */
export type FromPage =
  | { readonly type: 'size'; readonly columns: number; readonly rows: number }
  /** So many bytes of output have been drawn; without it, output stops after a while. */
  | { readonly type: 'read'; readonly bytes: number };

/** To the page. */
export type ToPage =
  /** A shell began: what is on the screen is from another one. */
  | { readonly type: 'begin' }
  /** What all viewers have room for. */
  | { readonly type: 'size'; readonly columns: number; readonly rows: number }
  /** It is over; the connection closes. */
  | { readonly type: 'ended'; readonly reason: string };

/** A page tells after so many bytes at the latest; well below what stops the output. */
export const readReportBytes = 64 * 1024;
