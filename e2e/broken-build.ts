/** A build of the application with something broken in it, for what must go on all the same. */
import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Copies the build into `folder`; `damage` breaks a part of the copy. Returns its root. */
export async function brokenBuild(
  folder: string,
  damage: (copy: string) => Promise<void>,
): Promise<string> {
  const copy = join(folder, 'broken-build');
  await mkdir(copy);
  await cp(join(root, 'package.json'), join(copy, 'package.json'));
  await cp(join(root, 'out'), join(copy, 'out'), { recursive: true });
  for (const name of ['assets', 'node_modules']) await symlink(join(root, name), join(copy, name));
  await damage(copy);
  return copy;
}
