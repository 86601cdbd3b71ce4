/** The `[interactive_terminal]` section of `supervisor.toml`: a shell in the status page, or a program of your own. */
import { z } from 'zod';
import { flag, lifeFields, list, optionalText, port, programFields } from './config-fields.ts';

export const interactiveTerminal = z
  .object({
    enabled: flag(true, 'Offers the terminal. It runs only while somebody wants it.'),
    shell: optionalText(
      "Program of the built-in terminal; when absent, your own shell ($SHELL, on Windows PowerShell). Without effect when a command is given: then that program runs in the terminal's place.",
      '/bin/bash',
    ),
    command: optionalText(
      'A terminal service of your own, in place of the built-in one; it serves its own page on the port below.',
      'interactive-terminal',
    ),
    args: list('Arguments of the command, or of the shell.', ['--login']),
    ...programFields,
    port: port(3458, 'Port of the command, passed to it as PORT; the built-in terminal has none.'),
    ...lifeFields,
  })
  .readonly()
  .prefault({})
  .meta({ description: 'A terminal on demand: a shell in the status page, behind its token.' });
