import { expect, test } from 'vitest';
import { type OptionSources, readOptions } from './options.ts';

function read(more: Partial<OptionSources>) {
  return readOptions({
    args: [],
    environment: {},
    platform: 'linux',
    homeFolder: '/home/me',
    ...more,
  });
}

test('without arguments it serves stdio from the data folder of the user', () => {
  expect(read({})).toEqual({
    transport: 'stdio',
    port: 3000,
    dataRoot: '/home/me/.local/share/ProjectMemory',
  });
  expect(read({ environment: { XDG_DATA_HOME: '/data' } })?.dataRoot).toBe('/data/ProjectMemory');
  expect(read({ platform: 'win32', environment: { APPDATA: 'A' } })?.dataRoot).toMatch(
    /^A.ProjectMemory$/,
  );
  expect(read({ environment: { PM_DATA_ROOT: '/mine' } })?.dataRoot).toBe('/mine');
});

test('arguments win over the environment', () => {
  const environment = { MCP_TRANSPORT: 'streamable-http', MCP_PORT: '4000' };
  expect(read({ environment })).toMatchObject({ transport: 'streamable-http', port: 4000 });
  expect(read({ environment, args: ['--transport', 'stdio', '--port', '5000'] })).toMatchObject({
    transport: 'stdio',
    port: 5000,
  });
});

test('a wrong argument is named together with what would be right', () => {
  expect(() => read({ args: ['--transport', 'sse'] })).toThrow(
    '"sse" is not supported; use stdio or streamable-http',
  );
  expect(() => read({ args: ['--port', '70000'] })).toThrow('from 0 to 65535');
  expect(() => read({ args: ['--port', ''] })).toThrow('from 0 to 65535');
  expect(() => read({ args: ['--prot', '1'] })).toThrow("'--prot'");
});

test('--help asks for the usage', () => {
  expect(read({ args: ['--help'] })).toBeNull();
});
