import { describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../shared/config-schema.ts';
import { parseConfig } from './load-config.ts';
import { problemsIn } from './problems.test-helper.ts';

describe('a wrong value is an error at the value, with what was expected and what was found', () => {
  test.each([
    [
      '[mcp]\nport = "3457"\n',
      '2:8-2:14 error mcp.port: expected a whole number from 0 to 65535, found "3457" (write it without quotes: 3457)',
    ],
    [
      '[mcp]\nenabled = "true"\n',
      '2:11-2:17 error mcp.enabled: expected true or false, found "true" (write it without quotes: true)',
    ],
    [
      '[mcp]\nrestart_policy = "allways_restart"\n',
      '2:18-2:35 error mcp.restart_policy: expected one of "always_restart", "restart_on_failure", "never_restart", found "allways_restart" (did you mean "always_restart"?)',
    ],
    [
      '[supervisor]\nlog_level = "inf"\n',
      '2:13-2:18 error supervisor.log_level: expected one of "trace", "debug", "info", "warn", "error", found "inf" (did you mean "info"?)',
    ],
    [
      '[supervisor]\ndata_dir = 2024-01-01\n',
      '2:12-2:22 error supervisor.data_dir: expected text in quotes, found a date',
    ],
    [
      '[supervisor]\ncontrol_pipe = "pms"\n',
      '2:16-2:21 error supervisor.control_pipe: must look like \\\\.\\pipe\\some-name, found "pms"',
    ],
    [
      '[mcp.node]\nargs = "dist/x.js"\n',
      '2:8-2:19 error mcp.node.args: expected a list of texts such as ["a", "b"], found "dist/x.js" (write it in brackets: ["dist/x.js"])',
    ],
    [
      '[mcp.node]\nargs = [\n  "a",\n  3,\n]\n',
      '4:3-4:4 error mcp.node.args: expected text in quotes, found 3 (write it in quotes: "3")',
    ],
    ['[mcp.node]\ncommand = ""\n', '2:11-2:13 error mcp.node.command: must not be empty, found ""'],
    [
      '[mcp.node]\ncommand = "a\\u0000b"\n',
      '2:11-2:21 error mcp.node.command: must not contain a zero byte, found "a\\u0000b"',
    ],
    [
      '[mcp.node.env]\n"A=B" = "x"\n',
      '2:1-2:6 error mcp.node.env.A=B: a variable name must not be empty or contain "="',
    ],
    [
      '[gui_server]\nbind_address = "192.168.0.7"\n',
      '2:16-2:29 error gui_server.bind_address: the page serves only this machine: expected "127.0.0.1", "::1" or "localhost", found "192.168.0.7"',
    ],
    [
      '[events]\nallowed_origins = ["http://localhost:5173/"]\n',
      '2:20-2:44 error events.allowed_origins: must be an origin such as "http://localhost:5173", found "http://localhost:5173/"',
    ],
    [
      '[[events.sources]]\nname = "a"\nurl = "http://me:secret@localhost:1/"\n',
      '3:7-3:38 error events.sources.url: must not hold a name or password (headers can), found some for localhost:1',
    ],
    ['mcp = 3\n', '1:7-1:8 error expected the section [mcp], found 3'],
    ['[[mcp]]\nport = 3\n', '1:3-1:6 error [[mcp]] needs one pair of brackets: [mcp]'],
    [
      '[mcp.port]\nx = 1\n',
      '1:1-1:11 error mcp.port: expected a whole number from 0 to 65535, found a table',
    ],
    [
      'mcp.pool.base_port = "x"\n',
      '1:22-1:25 error mcp.pool.base_port: expected a whole number from 0 to 65535, found "x"',
    ],
    [
      'mcp = { pool = { base_port = -1 } }\n',
      '1:30-1:32 error mcp.pool.base_port: expected a whole number from 0 to 65535, found -1',
    ],
  ])('%j', (text, expected) => {
    expect(problemsIn(text)).toEqual([expected]);
    expect(parseConfig(text).config).toBeNull();
  });

  test('what may be a secret is not repeated in a problem', () => {
    expect(problemsIn('[auth]\napi_key = "short"\n[mcp.node]\nenv = { TOKEN = 12345 }\n')).toEqual([
      '2:11-2:18 error auth.api_key: must be 16 or more ASCII characters without spaces',
      '4:17-4:22 error mcp.node.env.TOKEN: expected text in quotes',
    ]);
  });
});

describe('[[servers]]', () => {
  test.each([
    [
      'a missing key is shown at the table header',
      '[[servers]]\nname = "x"\n\n[[servers]]\ncommand = "y"\n',
      [
        '1:1-1:12 error servers.command is missing: add, for example, command = "node"',
        '4:1-4:12 error servers.name is missing: add, for example, name = "search"',
      ],
    ],
    [
      'a missing key of an inline table is shown there',
      'servers = [{ name = "x" }]\n',
      ['1:12-1:26 error servers.command is missing: add, for example, command = "node"'],
    ],
    [
      'one bracket is too few',
      '[servers]\nname = "x"\n',
      ['1:1-1:10 error [servers] needs two brackets: [[servers]]'],
    ],
    [
      'a text is not a server',
      'servers = ["x"]\n',
      ['1:12-1:15 error expected the section [[servers]], found "x"'],
    ],
    [
      'a name is not empty',
      '[[servers]]\nname = "  "\ncommand = "x"\n',
      ['2:8-2:12 error servers.name: must not be empty, found "  "'],
    ],
    [
      'a name cannot lead out of the log folder',
      '[[servers]]\nname = "../x"\ncommand = "x"\n',
      [
        '2:8-2:14 error servers.name: may contain letters, digits, "-", "_", and inside also spaces and dots, found "../x"',
      ],
    ],
    [
      'two services cannot have one name; upper and lower case are the same',
      '[[servers]]\nname = "Search"\ncommand = "x"\n[[servers]]\ncommand = "y"\nname = " search"\n',
      ['6:8-6:17 error servers.name: "search" is already the name of the server at line 2'],
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsIn(text)).toEqual(expected);
  });

  test.each([
    'mcp',
    'Dashboard',
    'interactive_terminal',
    'terminal',
    'fallback_api',
    'fallback',
    ' cli_mcp ',
  ])('%s is the name of a built-in service', (name) => {
    expect(problemsIn(`[[servers]]\nname = "${name}"\ncommand = "x"\n`)).toEqual([
      `2:8-2:${name.length + 10} error servers.name: "${name.trim()}" is the name of a built-in service; choose another one, found "${name}"`,
    ]);
  });

  test('a complete block gets its defaults and a trimmed name', () => {
    const text = '[[servers]]\nname = " search "\ncommand = "node"\n[servers.env]\nA = "b"\n';
    expect(parseConfig(text).config?.servers).toEqual([
      expect.objectContaining({
        name: 'search',
        command: 'node',
        args: [],
        env: { A: 'b' },
        enabled: true,
        restart_policy: 'always_restart',
        start_timeout_ms: 30_000,
        stop_grace_ms: 10_000,
        mcp: false,
        max_instances: 1,
        base_port: 0,
      }),
    ]);
  });
});

test('W33 unknown keys are flagged, ranges are checked', () => {
  const unknown = '[mcp]\nprot = 3457\n[mpc]\n[[servers]]\nname = "x"\ncommand = "y"\nenvv = 1\n';
  expect(problemsIn(unknown)).toEqual([
    '2:1-2:5 warning unknown key "prot" in [mcp] (did you mean "port"?)',
    '3:2-3:5 warning unknown section or key "mpc" (did you mean "mcp"?)',
    '7:1-7:5 warning unknown key "envv" in [servers] (did you mean "env"?)',
  ]);
  expect(parseConfig(unknown).config).not.toBeNull();

  const ranges = [
    ['events.buffer_size', '0', 'a whole number from 16 to 65536 (events)'],
    ['events.heartbeat_interval', '3601', 'a whole number from 1 to 3600 (seconds)'],
    ['events.replay_buffer_size', '-1', 'a whole number from 0 to 100000 (events)'],
    ['mcp.port', '65536', 'a whole number from 0 to 65535'],
    ['mcp.port', '3457.5', 'a whole number from 0 to 65535'],
    ['mcp.stop_grace_ms', '600001', 'a whole number from 0 to 600000 (milliseconds)'],
    ['mcp.pool.max_connections_per_instance', '0', 'a whole number from 1 to 10000 (sessions)'],
    ['reconnect.jitter_ratio', '1.5', 'a number from 0 to 1'],
    ['reconnect.multiplier', 'nan', 'a number from 1 to 10'],
  ] as const;
  for (const [key, value, expected] of ranges) {
    const place = `1:${key.length + 4}-1:${key.length + 4 + value.length}`;
    const seen = value === 'nan' ? 'NaN' : value;
    expect(problemsIn(`${key} = ${value}\n`)).toEqual([
      `${place} error ${key}: expected ${expected}, found ${seen}`,
    ]);
  }
});

test('an unknown key that exists elsewhere is told where it belongs', () => {
  expect(problemsIn('port = 3\n[mcp]\nmax_instances = 4\n[mcp.pol]\n"mcp.pool" = 1\n')).toEqual([
    '1:1-1:5 warning unknown section or key "port"; it belongs in [mcp], [dashboard], [servers]',
    '3:1-3:14 warning unknown key "max_instances" in [mcp]; it belongs in [mcp.pool], [servers]',
    '4:6-4:9 warning unknown key "pol" in [mcp] (did you mean "pool"?)',
  ]);
  expect(problemsIn('"mcp.pool" = 3\n')).toEqual([
    '1:1-1:11 warning unknown section or key "mcp.pool"',
  ]);
});

test('a jitter of zero stays zero', () => {
  expect(parseConfig('[reconnect]\njitter_ratio = 0\n').config?.reconnect.jitter_ratio).toBe(0);
});

describe('a file of the old supervisor loads; what is gone is named once', () => {
  const old = `
[supervisor]
control_transport = "named_pipe"
bind_address = "127.0.0.1:3456"
[discovery]
methods = ["local"]
advertise = true
[reconnect]
cooldown_dependency_group_ms = 0
cooldown_global_ms = 0
[mcp]
backend = "node"
socket_path = "x"
[mcp.container]
engine = "podman"
[interactive_terminal]
executable_path = "x"
[dashboard]
static_dir = "x"
variant = "classic"
[gui_server]
monitor_allowed_paths = []
monitor_url = "x"
[cli_mcp]
[claude_mcp]
[mdns]
[chatbot]
provider = "gemini"
api_key = ""
[approval]
[brainstorm_gui.env]
[approval_gui]
`;

  test('every old section and key gets one notice, and no error', () => {
    const { config, problems } = parseConfig(old);
    expect(config).toEqual(defaultConfig);
    expect(new Set(problems.map(({ severity }) => severity))).toEqual(new Set(['notice']));
    expect(problems.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '3 supervisor.control_transport',
      '4 supervisor.bind_address',
      '5 discovery',
      '13 mcp.socket_path',
      '17 interactive_terminal.executable_path',
      '19 dashboard.static_dir',
      '20 dashboard.variant',
      '22 gui_server.monitor_allowed_paths',
      '23 gui_server.monitor_url',
      '24 cli_mcp',
      '25 claude_mcp',
      '26 mdns',
      '27 chatbot',
      '30 approval',
    ]);
  });

  test('a notice says what becomes of the key', () => {
    expect(problemsIn('[chatbot]\nenabled = true\n')).toEqual([
      '1:1-1:10 notice [chatbot] belonged to the old supervisor; this one ignores it',
    ]);
    expect(problemsIn('[interactive_terminal]\nexecutable_path = "x"\n')).toEqual([
      '2:1-2:16 notice interactive_terminal.executable_path is ignored: see interactive_terminal.shell and command',
    ]);
  });

  test('both backends of the old supervisor are there', () => {
    for (const backend of ['node', 'container']) {
      expect(
        problemsIn(`[mcp]\nbackend = "${backend}"\n[mcp.container]\nengine = "docker"\n`),
      ).toEqual([]);
    }
  });

  test('a fallback API that was on by default is said to be off', () => {
    expect(problemsIn('[fallback_api]\nport = 3465\n')).toEqual([
      '1:1-1:15 notice fallback_api is off unless enabled = true (the old supervisor had it on)',
    ]);
  });
});
