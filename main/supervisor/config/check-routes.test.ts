import { expect, test } from 'vitest';
import { gatewayPaths } from '../../../shared/config-proxy.ts';
import { problemsIn } from './problems.test-helper.ts';

const route = (path: string, target: string) =>
  `[[proxy.routes]]\npath = "${path}"\ntarget = "${target}"\n`;
const client = (name: string, token: string) =>
  `[[auth.clients]]\nname = "${name}"\ntoken = "${token}"\n`;
const token = 'sixteen-letters!';

test.each([
  [
    'a path twice: the second is to blame',
    route('/a', 'dashboard') + route('/a', 'mcp'),
    '5:8-5:12 error proxy.routes.path: is the same as at line 2',
  ],
  [
    'a service that is not there, with the one that was meant',
    route('/a', 'dashbord'),
    '3:10-3:20 error proxy.routes.target: there is no service "dashbord" (did you mean "dashboard"?)',
  ],
  [
    'a service that resembles none',
    route('/a', 'zzzzzzzz'),
    '3:10-3:20 error proxy.routes.target: there is no service "zzzzzzzz"; known: mcp, dashboard, fallback_api',
  ],
  [
    'a server without a port',
    `${route('/a', 'x')}[[servers]]\nname = "X"\ncommand = "x"\n`,
    '3:10-3:13 error proxy.routes.target: the server "x" has no port: add its port to [[servers]]',
  ],
  [
    'an MCP server, which has an address already',
    `${route('/a', 'my x')}[[servers]]\nname = "my x"\ncommand = "x"\ntransport = "stdio"\n`,
    '3:10-3:16 error proxy.routes.target: the MCP server "my x" needs no route: it is at /servers/my%20x/mcp',
  ],
  [
    'a service that is switched off',
    route('/a', 'fallback_api'),
    '3:10-3:24 warning proxy.routes.target: "fallback_api" is switched off (enabled = false): requests will be answered 503',
  ],
  [
    'a way back to the gateway',
    route('/a', 'http://localhost:3457/b'),
    '3:10-3:35 error proxy.routes.target: "http://localhost:3457/b" leads back to the gateway itself',
  ],
  [
    'an address that is none',
    route('/a', 'ftp://x/'),
    '3:10-3:20 error proxy.routes.target: must be the name of a service, or an http or https address without user, query and fragment, found "ftp://x/"',
  ],
  [
    'a path with a slash at its end',
    route('/a/', 'dashboard'),
    '2:8-2:13 error proxy.routes.path: must be a path such as "/search", without a slash at its end, found "/a/"',
  ],
  [
    'one token for two clients, without showing it',
    `[auth]\ngateway = true\n${client('a', token)}${client('b', token)}`,
    '8:9-8:27 error auth.clients.token: is the same as at line 5',
  ],
  [
    'one name for two clients',
    `[auth]\ngateway = true\n${client('a', token)}${client('A', `${token}2`)}`,
    '7:8-7:11 error auth.clients.name: is the same as at line 4',
  ],
  [
    'a client with the api_key',
    `[auth]\ngateway = true\napi_key = "${token}"\n${client('a', token)}`,
    '6:9-6:27 error auth.clients.token: is the api_key; a client needs a token of its own',
  ],
  [
    'clients that nobody asks',
    client('a', token),
    '1:1-1:17 warning auth.clients has no effect while the gateway asks nobody: add gateway = true to [auth]',
  ],
  [
    'a token that is too short, without showing it',
    `[auth]\ngateway = true\n${client('a', 'hunter2')}`,
    '5:9-5:18 error auth.clients.token: must be 16 or more ASCII characters without spaces',
  ],
])('%s', (_, text, expected) => {
  expect(problemsIn(text)).toEqual([expected]);
});

test.each(gatewayPaths.flatMap((path) => [path, path.toUpperCase(), `${path}/x`]))(
  'a route may not take %s from the gateway',
  (path) => {
    expect(problemsIn(route(path, 'dashboard'))).toEqual([
      expect.stringMatching(/^2:8-.* error .*the gateway serves ".*" itself; choose another path/),
    ]);
  },
);

test('routes beside and above the paths of the gateway are fine', () => {
  const paths = ['/', '/api', '/mcp2', '/server', '/app/v1'];
  const text = paths.map((path) => route(path, 'dashboard')).join('');
  expect(problemsIn(text)).toEqual([]);
  expect(problemsIn(route('/x', 'https://example.org/base'))).toEqual([]);
});
