import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { type Config, configSchema } from '../../shared/config-schema.ts';
import {
  dashboardLaunch,
  fallbackApiLaunch,
  type LaunchContext,
  mcpInstanceLaunch,
  serverInstanceLaunch,
  serverLaunch,
} from './launches.ts';

const bundled = {
  node: '/program/node',
  memoryServer: '/program/memory.js',
  dashboard: '/program/dashboard.js',
  stdioBridge: '/program/stdio-bridge.js',
  journalThread: '/program/journal-thread.js',
};

function contextOf(config: object = {}): LaunchContext {
  return {
    config: configSchema.parse(config),
    bundled,
    dataDir: '/data',
    env: { HOME: '/home/me', PATH: '/bin' },
    folder: (workingDir) => resolve('/home/me/.config', workingDir),
  };
}

function firstServer({ config }: LaunchContext): Config['servers'][number] {
  const [server] = config.servers;
  if (!server) throw new Error('no server');
  return server;
}

const webhook = { url: 'http://127.0.0.1:3457/admin/events/hook', secret: 'the secret' };
const eventsUrl = 'http://127.0.0.1:3457/supervisor/events';
const own = { command: 'deno', args: ['run', 'server.ts'], working_dir: 'work' };

test('without a program of the user the bundled memory server runs, with the data folder', () => {
  expect(mcpInstanceLaunch(contextOf(), 'mcp:1', 3460, webhook)).toEqual({
    command: '/program/node',
    args: ['/program/memory.js', '--transport', 'streamable-http', '--port', '3460'],
    workingDir: undefined,
    env: {
      HOME: '/home/me',
      PATH: '/bin',
      PM_DATA_ROOT: '/data',
      MCP_TRANSPORT: 'streamable-http',
      MCP_PORT: '3460',
      PM_WEBHOOK_ENABLED: '1',
      PM_WEBHOOK_URL: `${webhook.url}?source=mcp%3A1`,
      PM_WEBHOOK_SECRET: 'the secret',
    },
    port: 3460,
    url: null,
    readiness: { kind: 'http', url: 'http://127.0.0.1:3460/health', pathMayBeMissing: true },
  });
});

test("a program of the user's keeps its own data folder, and is found in its working folder", () => {
  const context = contextOf({ mcp: { node: own } });
  const { command, args, workingDir, env } = mcpInstanceLaunch(context, 'mcp:2', 3461, null);
  expect([command, ...args]).toEqual(
    'deno run server.ts --transport streamable-http --port 3461'.split(' '),
  );
  expect(workingDir).toBe(resolve('/home/me/.config/work'));
  expect(env).not.toHaveProperty('PM_DATA_ROOT');
});

test('a server that takes its port otherwise gets it where {port} stands, and no flags', () => {
  const node = { command: 'npx', args: ['server', '--listen={port}'], env: { PORT: '{port}' } };
  const { args, env } = mcpInstanceLaunch(contextOf({ mcp: { node } }), 'mcp:1', 3460, null);
  expect(args).toEqual(['server', '--listen=3460']);
  expect(env['PORT']).toBe('3460');
  const byVariable = { command: 'npx', args: ['server'], env: { PORT: '{port}' } };
  const launch = mcpInstanceLaunch(contextOf({ mcp: { node: byVariable } }), 'mcp:2', 3461, null);
  expect(launch.args).toEqual(['server']);
  expect(launch.env['PORT']).toBe('3461');
});

test('while events are off, no instance is told to send any', () => {
  const { env } = mcpInstanceLaunch(contextOf(), 'mcp:1', 3460, null);
  expect(Object.keys(env).filter((name) => name.startsWith('PM_WEBHOOK'))).toEqual([]);
  expect(dashboardLaunch(contextOf(), 3459, null).env).not.toHaveProperty('SUPERVISOR_EVENTS_URL');
});

test.each([
  [
    ['s.js', '--transport', 'stdio', '--port', '9', '--verbose'],
    ['s.js', '--verbose'],
  ],
  [['--port=9', 's.js', '--transport=stdio'], ['s.js']],
  [['s.js', '--port'], ['s.js']],
  [
    ['s.js', '--transport', '--port', '9', 'x'],
    ['s.js', 'x'],
  ],
  [['s.js', '--port', '9', '--port', '10'], ['s.js']],
  [
    ['s.js', '--portable', '--transporter=1'],
    ['s.js', '--portable', '--transporter=1'],
  ],
  [[], []],
])('%j: the pool sets transport and port itself, and keeps the rest', (args, kept) => {
  const context = contextOf({ mcp: { node: { command: 'node', args } } });
  expect(mcpInstanceLaunch(context, 'mcp:1', 3460, null).args).toEqual(
    kept.concat('--transport', 'streamable-http', '--port', '3460'),
  );
});

test("the user's variables come over inherited and injected ones, but every instance has its own port", () => {
  const env = { PATH: '/other', PM_WEBHOOK_URL: 'http://127.0.0.1:1/', MCP_PORT: '9', X: 'y' };
  const context = contextOf({ mcp: { node: { env } }, dashboard: { env: { PORT: '9', X: 'y' } } });
  expect(mcpInstanceLaunch(context, 'mcp:1', 3460, webhook).env).toMatchObject({
    ...env,
    MCP_PORT: '3460',
    HOME: '/home/me',
    PM_WEBHOOK_SECRET: 'the secret',
  });
  expect(dashboardLaunch(context, 3459, null).env).toMatchObject({ PORT: '3459', X: 'y' });
});

test('the bundled dashboard gets its port and the events, and is ready when it says so', () => {
  expect(dashboardLaunch(contextOf(), 3459, { url: eventsUrl, token: null })).toEqual({
    command: '/program/node',
    args: ['/program/dashboard.js'],
    workingDir: undefined,
    env: {
      HOME: '/home/me',
      PATH: '/bin',
      PM_DATA_ROOT: '/data',
      PORT: '3459',
      SUPERVISOR_EVENTS_URL: eventsUrl,
    },
    port: 3459,
    url: 'http://127.0.0.1:3459/',
    readiness: { kind: 'http', url: 'http://127.0.0.1:3459/api/health' },
  });
});

test("a dashboard of the user's counts as ready when its port answers", () => {
  const launch = dashboardLaunch(contextOf({ dashboard: own }), 3459, {
    url: eventsUrl,
    token: null,
  });
  expect(launch).toMatchObject({
    command: 'deno',
    args: ['run', 'server.ts'],
    workingDir: resolve('/home/me/.config/work'),
    readiness: { kind: 'tcp', port: 3459 },
  });
  expect(launch.env).toMatchObject({ PORT: '3459', SUPERVISOR_EVENTS_URL: eventsUrl });
  expect(launch.env).not.toHaveProperty('PM_DATA_ROOT');
});

test('the fallback API is told where to listen', () => {
  const context = contextOf({
    fallback_api: { enabled: true, ...own, env: { FALLBACK_API_PORT: '9' } },
  });
  expect(fallbackApiLaunch(context, 3465)).toMatchObject({
    command: 'deno',
    args: ['run', 'server.ts'],
    workingDir: resolve('/home/me/.config/work'),
    env: { FALLBACK_API_HOST: '127.0.0.1', FALLBACK_API_PORT: '3465' },
    readiness: { kind: 'http', url: 'http://127.0.0.1:3465/health' },
  });
});

test("a server of the user's gets nothing but its own and the inherited environment", () => {
  const server = { name: 'search', command: 'search', args: ['-v'], env: { A: 'b' } };
  const context = contextOf({ servers: [server] });
  expect(serverLaunch(context, firstServer(context))).toEqual({
    command: 'search',
    args: ['-v'],
    workingDir: undefined,
    env: { HOME: '/home/me', PATH: '/bin', A: 'b' },
    port: null,
    url: null,
    readiness: null,
  });
});

test('a server with a port has an address, and is ready when the port answers', () => {
  const context = contextOf({
    servers: [{ name: 'search', command: 'search', port: 8080, working_dir: '/srv/search' }],
  });
  expect(serverLaunch(context, firstServer(context))).toMatchObject({
    workingDir: resolve('/srv/search'),
    port: 8080,
    url: 'http://127.0.0.1:8080/',
    readiness: { kind: 'tcp', port: 8080 },
  });
});

test('an MCP server over HTTP gets its port where {port} stands, and a way to tell its events', () => {
  const own = { args: ['--listen={port}'], env: { PORT: '{port}' } };
  const context = contextOf({
    servers: [{ name: 'search', command: 'search', mcp: true, ...own }],
  });
  expect(serverInstanceLaunch(context, firstServer(context), 'search:1', 9000, webhook)).toEqual({
    command: 'search',
    args: ['--listen=9000'],
    workingDir: undefined,
    env: {
      HOME: '/home/me',
      PATH: '/bin',
      PORT: '9000',
      PM_WEBHOOK_ENABLED: '1',
      PM_WEBHOOK_URL: `${webhook.url}?source=search%3A1`,
      PM_WEBHOOK_SECRET: 'the secret',
    },
    port: 9000,
    url: null,
    readiness: { kind: 'http', url: 'http://127.0.0.1:9000/health', pathMayBeMissing: true },
  });
});

test('an MCP server over stdio stands behind the bridge, with its own folder and environment', () => {
  const own = { args: ['-y', 'a b'], env: { A: 'b' }, working_dir: '/srv/notes' };
  const server = { name: 'notes', command: 'npx', transport: 'stdio', ...own };
  const context = contextOf({ servers: [server] });
  const launch = serverInstanceLaunch(context, firstServer(context), 'notes:1', 9000, null);
  expect(launch).toMatchObject({
    command: '/program/node',
    args: [
      '/program/stdio-bridge.js',
      '--port',
      '9000',
      '--idle-child-minutes',
      '1445',
      '--',
      'npx',
      '-y',
      'a b',
    ],
    workingDir: resolve('/srv/notes'),
    env: { HOME: '/home/me', PATH: '/bin', A: 'b' },
    readiness: { kind: 'http', url: 'http://127.0.0.1:9000/health' },
  });
  const shared = contextOf({ servers: [{ ...server, shared: true, session_idle_minutes: 0 }] });
  const args = serverInstanceLaunch(shared, firstServer(shared), 'notes:1', 9000, null).args;
  expect(args.slice(1, 7)).toEqual(
    '--port 9000 --idle-child-minutes 5256000 --shared --'.split(' '),
  );
});
