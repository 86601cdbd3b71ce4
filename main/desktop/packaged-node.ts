/**
 * Which Node runs the bundled servers. In a package Electron's binary refuses to be one (fuse runAsNode,
 * docs/decisions/0012-packaged-node.md), and the user's may be too old or not there: one comes along.
 */
import { join } from 'node:path';

/** Adds the Node that lies beside the archive, unless the environment names another one. */
export function withPackagedNode(
  { env, resourcesPath, platform }: Pick<NodeJS.Process, 'env' | 'resourcesPath' | 'platform'>,
  { isPackaged }: Pick<Electron.App, 'isPackaged'>,
): NodeJS.ProcessEnv {
  if (!isPackaged || env['PM_SUPERVISOR_NODE'] !== undefined) return env;
  const name = platform === 'win32' ? 'node.exe' : 'node';
  return { ...env, PM_SUPERVISOR_NODE: join(resourcesPath, 'node', name) };
}
