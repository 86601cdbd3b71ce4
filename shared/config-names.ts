/** The names of services. */
import { z } from 'zod';

/** Names that belong to built-in services, today's and the old supervisor's. */
export const builtInNames = [
  'mcp',
  'dashboard',
  'interactive_terminal',
  'terminal',
  'fallback_api',
  'fallback',
  'cli_mcp',
] as const;

/** The name also names log files and is typed on command lines. */
export const serverName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(64, 'must not be longer than 64 characters')
  .regex(
    /^[\p{L}\p{N}_](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}_-])?$/u,
    'may contain letters, digits, "-", "_", and inside also spaces and dots',
  )
  .refine((name) => !(builtInNames as readonly string[]).includes(name.toLowerCase()), {
    error: ({ input }) =>
      `"${String(input)}" is the name of a built-in service; choose another one`,
  })
  .meta({
    description: 'Name of the service. Upper and lower case are the same.',
    examples: ['search'],
  });
