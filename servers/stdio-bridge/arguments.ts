/** What the command line says, made sure to be usable. */
import { parseArgs } from 'node:util';
import { CodedError, messageOf } from '../../shared/errors.ts';

export interface BridgeArguments {
  /** 0 lets the system choose. */
  readonly port: number;
  /** One server process for all sessions, instead of one for each. */
  readonly shared: boolean;
  /** A session without request and stream is ended after so long. */
  readonly idleChildMs: number;
  readonly command: string;
  readonly args: readonly string[];
}

export const usage = `Usage: stdio-bridge --port N [--shared] [--idle-child-minutes M] -- COMMAND [ARGS…]
Serves an MCP server that speaks stdio over Streamable HTTP at http://127.0.0.1:N/mcp.
  --port                where to listen on 127.0.0.1; 0 for any free port
  --shared              one server process for all sessions; default is one for each
  --idle-child-minutes  ends a session without requests and streams after so long; default 1440
  --help                this text
What stands after -- is the server's command, run without a shell.`;

const defaultIdleMinutes = 1440;

/** 10 years: more would overflow what a timer can count, less surprises nobody. */
const maxIdleMinutes = 10 * 365 * 24 * 60;

/** Throws `bad_request` with a sentence that names the wrong argument; null asks for the usage. */
export function readArguments(argv: readonly string[]): BridgeArguments | null {
  const split = argv.indexOf('--');
  const values = parse(split === -1 ? argv : argv.slice(0, split));
  if (values.help === true) return null;
  const [command, ...args] = split === -1 ? [] : argv.slice(split + 1);
  if (command === undefined || command === '')
    throw new CodedError('bad_request', `There is no command after "--".\n${usage}`);
  if (values.port === undefined)
    throw new CodedError('bad_request', `--port is missing.\n${usage}`);
  return {
    port: readPort(values.port),
    shared: values.shared === true,
    idleChildMs: readMinutes(values['idle-child-minutes']) * 60_000,
    command,
    args,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        shared: { type: 'boolean' },
        'idle-child-minutes': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new CodedError('bad_request', `${messageOf(error)}\n${usage}`, { cause: error });
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new CodedError('bad_request', `Port "${text}" is not a number from 0 to 65535.`);
}

function readMinutes(text: string | undefined): number {
  if (text === undefined) return defaultIdleMinutes;
  const minutes = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && minutes > 0 && minutes <= maxIdleMinutes) return minutes;
  throw new CodedError(
    'bad_request',
    `--idle-child-minutes "${text}" is not a number of minutes above 0 and up to ${maxIdleMinutes}.`,
  );
}
