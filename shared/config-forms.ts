/**
 * The sections of `supervisor.toml` about form apps: programs that a client launches with a question and
 * that answer it once, such as a window that asks a person. `[brainstorm_gui]` and `[approval_gui]` are
 * the two that the old supervisor knew.
 */
import { z } from 'zod';
import {
  filledText,
  flag,
  list,
  optionalText,
  programFields,
  wholeNumber,
} from './config-fields.ts';

const timeout = (fallback: number) =>
  wholeNumber({
    description:
      'How long the app may take for an answer, unless the request says otherwise; then it is ended.',
    fallback,
    min: 1,
    max: 86_400,
    unit: 'seconds',
  });

const args = list('Arguments of the command.', ['--form']);

const enabled = flag(true, 'The app can be launched.');

const formApp = z
  .object({
    name: z
      .string()
      .regex(/^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,63}$/u, 'may contain letters, digits, "-", "_", "."')
      .meta({ description: 'Name of the app in LaunchApp.', examples: ['ask_me'] }),
    enabled,
    command: filledText.meta({ description: 'Program to run.', examples: ['my-form'] }),
    args,
    ...programFields,
    timeout_seconds: timeout(300),
  })
  .readonly();

export const formApps = z.array(formApp).default([]).readonly().meta({
  description:
    'A form app: LaunchApp starts it, writes one line of JSON to its standard input and waits for one on its standard output. Write one such block for each.',
});

function oldFormApp(name: string, program: string, timeoutSeconds: number) {
  return z
    .object({
      enabled,
      command: optionalText(
        `Program to run, in the old system "${program}"; without it there is no such app.`,
        program,
      ),
      args,
      ...programFields,
      timeout_seconds: timeout(timeoutSeconds),
    })
    .readonly()
    .prefault({})
    .meta({ description: `The form app "${name}" of the old supervisor.` });
}

export const brainstormGui = oldFormApp('brainstorm_gui', 'pm-brainstorm-gui', 300);
export const approvalGui = oldFormApp('approval_gui', 'pm-approval-gui', 60);
