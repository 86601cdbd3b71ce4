/** The configuration of the stage: a file with one finding of each severity, each at its place in the text. */
import type { ConfigProblem } from '../shared/status.ts';

export const configText = `# Project Memory Supervisor

[supervisor]
control_tcp_port = 45470

[mcp]
port = 3457

# How many instances serve the sessions, and where.
[mcp.pool]
min_instances = 2
max_instances = 4
max_connections_per_instance = 6
base_port = "34600"
max_instance = 8

[events]
journal = true
buffer_size = 2048

[dashboard]
enabled = true
port = 3459

[[servers]]
name = "search"
command = "node"
args = ["search.js", "--port", "8801"]
port = 8801
depends_on = ["mcp"]

[chatbot]
enabled = false
`;

export const configProblems: readonly ConfigProblem[] = [
  problem(
    'error',
    'mcp.pool.base_port',
    '"34600"',
    'Expected a number from 1 to 65535, found "34600".',
  ),
  problem(
    'warning',
    'mcp.pool.max_instance',
    'max_instance ',
    'Unknown key "max_instance". Did you mean "max_instances"?',
  ),
  problem(
    'notice',
    'chatbot',
    '[chatbot]',
    'The section [chatbot] belongs to the old supervisor and has no effect here.',
  ),
];

/** A finding about the one place where `token` stands in the text. */
function problem(
  severity: ConfigProblem['severity'],
  path: string,
  token: string,
  message: string,
): ConfigProblem {
  const before = configText.slice(0, configText.indexOf(token)).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const endColumn = column + token.trimEnd().length;
  return { severity, path, message, line, column, endLine: line, endColumn };
}
