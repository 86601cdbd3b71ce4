/** Whether a command is there at all, known before the first client asks for it. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { CodedError } from '../../shared/errors.ts';
import type { Launch } from './launch.ts';

/**
 * Throws `not_found` with a sentence when the command cannot be started. On Windows, where cmd.exe looks
 * for it, that shows in the first answer instead.
 */
export async function checkCommand(
  { file, environment }: Launch,
  platform: NodeJS.Platform,
): Promise<void> {
  if (platform === 'win32') return;
  const folders = file.includes('/') ? [''] : (environment['PATH'] ?? '').split(delimiter);
  const found = await Promise.all(folders.map((folder) => canRun(join(folder, file))));
  if (found.includes(true)) return;
  const where = file.includes('/') ? '' : ` in PATH (${folders.join(delimiter)})`;
  throw new CodedError(
    'not_found',
    `The command "${file}" was not found${where}, or it may not be run. Install it or give its whole path.`,
  );
}

function canRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
