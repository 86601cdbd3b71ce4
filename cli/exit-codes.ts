/** How the command line ends; part of what scripts rely on. */
export const exitCodes = {
  ok: { code: 0, meaning: 'It was done; a stream or a watch that Ctrl-C ended, too' },
  failed: { code: 1, meaning: 'It was refused or went wrong; the reason is on standard error' },
  usage: { code: 2, meaning: 'The command line is wrong' },
  not_running: { code: 3, meaning: 'No supervisor runs with this configuration' },
  not_well: { code: 4, meaning: 'It runs, but not everything that should (`status`, `doctor`)' },
  interrupted: { code: 130, meaning: 'Ctrl-C came before it was done; it may go on' },
} as const;

export type ExitName = keyof typeof exitCodes;

/** The arguments make no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command could not be done; the message is all that the user needs. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
