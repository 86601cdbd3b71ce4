import { expect, test } from 'vitest';
import { problemsIn } from './problems.test-helper.ts';

const head = '[[servers]]\nname = "x"\ncommand = "x"\n';

test.each([
  [
    'an MCP server that nobody tells its port: the arguments are to blame, with the cure',
    'mcp = true\nargs = ["server.js"]\n',
    '5:1-5:5 error servers.args of "x" does not tell the MCP server its port: write {port} where it takes its port, for example args = ["server.js", "--port", "{port}"], or set port to the one on which it listens',
  ],
  [
    'one without arguments: the block is to blame',
    'transport = "http"\n',
    '1:1-1:12 error servers.args of "x" does not tell the MCP server its port: write {port} where it takes its port, for example args = ["server.js", "--port", "{port}"], or set port to the one on which it listens',
  ],
  [
    'one port for several instances',
    'mcp = true\nport = 8080\nmax_instances = 2\n',
    '6:17-6:18 error servers.max_instances of "x" does not fit: one port serves one instance; leave max_instances out, or use {port} and base_port instead of port',
  ],
  [
    'more instances at least than at most',
    'transport = "stdio"\nmin_instances = 2\n',
    '5:17-5:18 error servers.min_instances of "x" does not fit: min_instances (2) must not be greater than max_instances (1)',
  ],
  [
    'a transport for what is no MCP server',
    'mcp = false\ntransport = "stdio"\n',
    '4:1-4:4 error servers.mcp of "x" transport makes it an MCP server: remove one of the two',
  ],
  [
    'keys of MCP servers elsewhere',
    'max_sessions = 3\n',
    '4:16-4:17 warning servers.max_sessions of "x" is for MCP servers only: add mcp = true or remove it',
  ],
  [
    'one process for all sessions, without stdio',
    'mcp = true\nport = 8080\nshared = true\n',
    '6:1-6:7 warning servers.shared of "x" has no effect without transport = "stdio"',
  ],
  [
    'a first port beside the only one',
    'mcp = true\nport = 8080\nbase_port = 9000\n',
    '6:13-6:17 warning servers.base_port of "x" has no effect beside port',
  ],
])('%s', (_what, block, problem) => {
  expect(problemsIn(head + block)).toEqual([problem]);
});

test.each([
  'port = 8080\n',
  'mcp = true\nport = 8080\n',
  'mcp = true\nargs = ["--port={port}"]\n',
  'transport = "http"\nenv = { PORT = "{port}" }\nmax_instances = 3\n',
  'transport = "stdio"\n',
  'transport = "stdio"\nshared = true\nmax_instances = 3\nmin_instances = 3\n',
])('%j is a server as it should be', (block) => {
  expect(problemsIn(head + block)).toEqual([]);
});
