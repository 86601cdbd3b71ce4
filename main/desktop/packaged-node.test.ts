import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withPackagedNode } from './packaged-node.ts';

const packaged = { isPackaged: true };

function processOf(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = 'linux') {
  return { env, platform, resourcesPath: '/opt/pm/resources' };
}

test('a packaged program runs its servers on the Node that came with it', () => {
  const env = withPackagedNode(processOf({ HOME: '/home/me' }), packaged);
  expect(env).toEqual({
    HOME: '/home/me',
    PM_SUPERVISOR_NODE: join('/opt/pm/resources', 'node', 'node'),
  });
  const { PM_SUPERVISOR_NODE: onWindows } = withPackagedNode(processOf({}, 'win32'), packaged);
  expect(onWindows).toMatch(/node\.exe$/);
});

test('a Node that the user names, and the one of the project, come first', () => {
  const own = { PM_SUPERVISOR_NODE: '/usr/bin/node' };
  expect(withPackagedNode(processOf(own), packaged)).toEqual(own);
  expect(withPackagedNode(processOf({}), { isPackaged: false })).toEqual({});
});
