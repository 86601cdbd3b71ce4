import { describe, expect, test } from 'vitest';
import { problemsIn } from './problems.test-helper.ts';

describe('contradictions', () => {
  test.each([
    [
      'more instances at least than at most',
      '[mcp.pool]\nmin_instances = 6\n',
      '2:17-2:18 error mcp.pool.min_instances (6) must not be greater than max_instances (4, its default)',
    ],
    [
      'the later one of two is to blame',
      '[mcp.pool]\nmin_instances = 3\nmax_instances = 2\n',
      '3:17-3:18 error mcp.pool.min_instances (3) must not be greater than max_instances (2)',
    ],
    [
      'a first wait longer than the longest',
      '[reconnect]\nmax_delay_ms = 100\n',
      '2:16-2:19 error reconnect.initial_delay_ms (500, its default) must not be greater than max_delay_ms (100)',
    ],
    [
      'one port twice: the second is to blame',
      '[gui_server]\nport = 4000\n[dashboard]\nport = 4000\n',
      '4:8-4:12 error port 4000 is already the gui_server.port (line 2)',
    ],
    [
      "the old supervisor's default, all addresses: the page takes that of this machine",
      '[gui_server]\nbind_address = "0.0.0.0"\n',
      '2:16-2:25 warning gui_server.bind_address: the page serves only this machine: "127.0.0.1" is taken for "0.0.0.0"',
    ],
    [
      'a port that is the default of something else',
      '[dashboard]\nport = 3464\n',
      '2:8-2:12 error port 3464 is already the gui_server.port (its default)',
    ],
    [
      'the port of a service of your own',
      '[[servers]]\nname = "x"\ncommand = "x"\nport = 45470\n',
      '4:8-4:13 error port 45470 is already the supervisor.control_tcp_port (its default)',
    ],
    [
      'a pool that would grow into a port',
      '[mcp.pool]\nmax_instances = 8\n',
      "2:17-2:18 warning the pool's ports 3460 to 3467 include 3464, which is the gui_server.port: the pool will skip it",
    ],
    [
      'a port within the pool',
      '[gui_server]\nport = 3461\n',
      "2:8-2:12 warning the pool's ports 3460 to 3463 include 3461, which is the gui_server.port: the pool will skip it",
    ],
    [
      'a pool beyond the last port',
      '[mcp.pool]\nbase_port = 65534\n',
      "2:13-2:18 error the pool's ports 65534 to 65537 go beyond 65535",
    ],
    [
      'a fallback API without a program',
      '[fallback_api]\nenabled = true\n',
      '1:1-1:15 error fallback_api is enabled but has no command: add, for example, command = "node" and args = ["dist/fallback-rest-main.js"], or set enabled = false',
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsIn(text)).toEqual([expected]);
  });

  test('port 0 and ports of what is switched off collide with nothing', () => {
    const text = [
      '[supervisor]\ncontrol_tcp_port = 0\n[mcp]\nport = 2\n[mcp.pool]\nbase_port = 0',
      '[dashboard]\nport = 0\n[gui_server]\nenabled = false\nport = 4000',
      '[[servers]]\nname = "a"\ncommand = "a"\nport = 4000',
      '[[servers]]\nname = "b"\ncommand = "b"\nport = 4000\nenabled = false\n',
    ].join('\n');
    expect(problemsIn(text)).toEqual([]);
  });

  test('contradictions show together with wrong values, in the order of the file', () => {
    const text = '[[servers]]\nname = "a"\ncommand = 3\n[[servers]]\nname = "a"\ncommand = "b"\n';
    expect(problemsIn(text)).toEqual([
      '3:11-3:12 error servers.command: expected text in quotes, found 3 (write it in quotes: "3")',
      '5:8-5:11 error servers.name: "a" is already the name of the server at line 2',
    ]);
  });
});
