/**
 * The supervisor outlives the terminal or pipe that it was started from. Without this, the next line of
 * the log would be an uncaught `EPIPE`, the report of which is the next line of the log.
 */
export function outliveTerminal(streams: readonly Pick<NodeJS.WriteStream, 'on'>[]): void {
  // There is nowhere left to say it; the log file goes on.
  for (const stream of streams) stream.on('error', () => {});
}
