import { describe, expect, test } from 'vitest';
import { problemsIn } from './problems.test-helper.ts';

const server = (name: string, more = '') =>
  `[[servers]]\nname = "${name}"\ncommand = "x"\n${more}\n`;

describe('depends_on', () => {
  test.each([
    ['a service of your own', server('a', 'depends_on = ["B"]') + server('b'), []],
    ['built-in services', server('a', 'depends_on = ["mcp", "dashboard"]'), []],
    [
      'a diamond',
      server('a', 'depends_on = ["b", "c"]') +
        server('b', 'depends_on = ["d"]') +
        server('c', 'depends_on = ["d"]') +
        server('d'),
      [],
    ],
    [
      'an unknown name, at the name',
      server('a', 'depends_on = ["mcp", "dashbord"]'),
      ['4:22-4:32 error depends_on: there is no service "dashbord" (did you mean "dashboard"?)'],
    ],
    [
      'a name that nothing resembles: the known ones are told',
      server('a', 'depends_on = ["database"]'),
      [
        '4:15-4:25 error depends_on: there is no service "database"; known: mcp, dashboard, fallback_api',
      ],
    ],
    ['itself', server('a', 'depends_on = ["A"]'), ['4:15-4:18 error "a" cannot depend on itself']],
    [
      'a circle, once, at its last need',
      server('a', 'depends_on = ["b"]') +
        server('b', 'depends_on = ["c"]') +
        server('c', 'depends_on = ["mcp", "a"]'),
      ['12:22-12:25 error depends_on goes in a circle, so none of them could start: c → a → b → c'],
    ],
    [
      'a circle with a built-in service',
      `${server('a', 'depends_on = ["dashboard"]')}[dashboard]\ndepends_on = ["a"]\n`,
      [
        '6:15-6:18 error depends_on goes in a circle, so none of them could start: dashboard → a → dashboard',
      ],
    ],
    [
      'a service that is switched off',
      `${server('a', 'depends_on = ["b"]')}${server('b', 'enabled = false')}`,
      ['4:15-4:18 warning "b" is switched off: it is not waited for'],
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsIn(text)).toEqual(expected);
  });

  test('fifty services that each need all before them are checked in no time', () => {
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    const text = names.map((name, index) =>
      server(name, `depends_on = ${JSON.stringify(names.slice(0, index))}`),
    );
    expect(problemsIn(text.join(''))).toEqual([]);
  });
});

describe('readiness', () => {
  test.each([
    ['of a port', server('a', 'port = 4000\nreadiness_http = "/up"'), []],
    ['a line needs no port', server('a', 'readiness_log = "listening"'), []],
    [
      'an answer needs one',
      server('a', 'readiness_tcp = true'),
      ['4:1-4:14 error readiness_tcp needs to know the port: add, for example, port = 8080'],
    ],
    [
      'one of them',
      server('a', 'readiness_log = "up"\nport = 4000\nreadiness_http = "/up"'),
      ['4:1-4:14 error readiness_log and readiness_http exclude each other: keep one of them'],
    ],
    [
      'no pattern',
      '[dashboard]\nreadiness_log = "(up"\n',
      ['2:17-2:22 error dashboard.readiness_log: must be a regular expression, found "(up"'],
    ],
    [
      'no path',
      '[dashboard]\nreadiness_http = "up"\n',
      ['2:18-2:22 error dashboard.readiness_http: must begin with "/", found "up"'],
    ],
    [
      'of an MCP server',
      server('a', 'transport = "stdio"\nreadiness_http = "/up"\non_supervisor_exit = "keep"'),
      [
        '5:1-5:15 error readiness_http is not for MCP servers: the pool looks after their processes',
        '6:1-6:19 error on_supervisor_exit is not for MCP servers: the pool looks after their processes',
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsIn(text)).toEqual(expected);
  });
});
