/** What the command line and the environment say, made sure to be usable. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError, messageOf } from '../../shared/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const transports = ['stdio', 'streamable-http'] as const;
export type TransportName = (typeof transports)[number];

export interface ServerOptions {
  readonly transport: TransportName;
  /** 0 lets the system choose; only streamable-http listens. */
  readonly port: number;
  readonly dataRoot: string;
}

export const usage = `Usage: memory [--transport stdio|streamable-http] [--port N]
  --transport   how clients reach it; default stdio (environment: MCP_TRANSPORT)
  --port        where streamable-http listens on 127.0.0.1; default 3000, 0 for any (MCP_PORT)
  --help        this text
The data folder is PM_DATA_ROOT, else the user's data folder for ProjectMemory.`;

export interface OptionSources {
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly platform: NodeJS.Platform;
  readonly homeFolder: string;
}

/** Throws `bad_request` with a sentence that names the wrong argument; null asks for the usage. */
export function readOptions({
  args,
  environment,
  platform,
  homeFolder,
}: OptionSources): ServerOptions | null {
  const values = parse(args);
  if (values.help === true) return null;
  return {
    transport: readTransport(values.transport ?? (environment['MCP_TRANSPORT'] || 'stdio')),
    port: readPort(values.port ?? (environment['MCP_PORT'] || '3000')),
    dataRoot: environment['PM_DATA_ROOT'] || defaultDataRoot(environment, platform, homeFolder),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        transport: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new CodedError('bad_request', `${messageOf(error)}\n${usage}`, { cause: error });
  }
}

function readTransport(text: string): TransportName {
  const found = transports.find((name) => name === text);
  if (found !== undefined) return found;
  throw new CodedError(
    'bad_request',
    `Transport "${text}" is not supported; use ${transports.join(' or ')}.`,
  );
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new CodedError('bad_request', `Port "${text}" is not a number from 0 to 65535.`);
}

function defaultDataRoot(
  environment: Environment,
  platform: NodeJS.Platform,
  homeFolder: string,
): string {
  const folder = 'ProjectMemory';
  if (platform === 'win32') {
    return join(environment['APPDATA'] || join(homeFolder, 'AppData', 'Roaming'), folder);
  }
  return join(environment['XDG_DATA_HOME'] || join(homeFolder, '.local', 'share'), folder);
}
