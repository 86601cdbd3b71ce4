import { lstat, mkdir } from 'node:fs/promises';
import { CodedError } from '../../../shared/errors.ts';

/**
 * Makes the folder for socket and lock unless it is there. Throws `port_taken` when it is another user's:
 * in a shared temporary folder somebody may have made it first, to listen in our place.
 */
export async function prepareRuntimeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid } = await lstat(folder);
  if (uid !== process.getuid?.() && uid !== 0) {
    throw new CodedError(
      'port_taken',
      `The folder ${folder} of the control socket belongs to another user. Remove it, or set XDG_RUNTIME_DIR.`,
    );
  }
}
