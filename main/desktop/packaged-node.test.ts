import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withPackagedNode } from './packaged-node.ts';

const packaged = {
  isPackaged: true,
  resourcesPath: '/opt/pm/resources',
  platform: 'linux',
} as const;

test('a packaged program runs its servers on the Node that came with it', () => {
  const { PM_SUPERVISOR_NODE: node, HOME: home } = withPackagedNode({ HOME: '/home/me' }, packaged);
  expect([node, home]).toEqual([join('/opt/pm/resources', 'node', 'node'), '/home/me']);
  const onWindows = withPackagedNode({}, { ...packaged, platform: 'win32' });
  expect(onWindows['PM_SUPERVISOR_NODE']).toMatch(/node\.exe$/);
});

test('a Node that the user names, and the one of the project, come first', () => {
  const own = { PM_SUPERVISOR_NODE: '/usr/bin/node' };
  expect(withPackagedNode(own, packaged)).toEqual(own);
  expect(withPackagedNode({}, { ...packaged, isPackaged: false })).toEqual({});
});
