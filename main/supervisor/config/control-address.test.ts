import { expect, test } from 'vitest';
import { configSchema } from '../../../shared/config-schema.ts';
import { controlAddress } from './control-address.ts';

const machine = { env: {}, homedir: '/home/me', tmpdir: '/tmp', uid: 7 };
const pipe = '\\\\.\\pipe\\my-own';
const config = configSchema.parse({ supervisor: { control_pipe: pipe } });

test('on Windows it is the pipe of the configuration, elsewhere a socket of its own', () => {
  const path = '/home/me/.config/ProjectMemory/supervisor.toml';
  expect(controlAddress(config, path, { ...machine, platform: 'win32' })).toBe(pipe);
  const socket = controlAddress(config, path, { ...machine, platform: 'linux' });
  expect(socket).toBe('/tmp/project-memory-supervisor-7/control.sock');
  const other = controlAddress(config, '/elsewhere.toml', { ...machine, platform: 'linux' });
  expect(other).toMatch(/control-[0-9a-f]{10}\.sock$/);
});
