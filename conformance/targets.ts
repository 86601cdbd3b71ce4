/** The servers that the suites are run against: each directly, and through the supervisor's gateway. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../test/free-port.ts';
import { type Settings, startSupervisor } from '../test/harness.ts';
import { until } from '../test/until.ts';
import type { Suite } from './suites.ts';

const root = join(import.meta.dirname, '..');
const fixture = join(root, 'conformance', 'fixture', 'main.ts');
const everything = join(root, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');

/** A program that serves MCP over HTTP; `{port}` stands for its port. */
export interface ServerProgram {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly eras: readonly Suite['era'][];
}

export const servers = [
  { name: 'fixture', args: [fixture, '{port}'], env: {}, eras: ['legacy', 'modern'] },
  {
    name: 'everything',
    args: [everything, 'streamableHttp'],
    env: { PORT: '{port}' },
    eras: ['legacy'],
  },
] as const satisfies readonly ServerProgram[];

/** A server that answers at `url`, until it is disposed of. */
export interface Target extends AsyncDisposable {
  readonly url: string;
}

/** A cold start on a busy machine. */
const startTimeoutMs = 20_000;

/** The server alone. */
export async function startDirect({ args, env }: ServerProgram): Promise<Target> {
  const port = String(await freePort());
  const withPort = (text: string) => text.replaceAll('{port}', port);
  const child = spawn(process.execPath, args.map(withPort), {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...Object.fromEntries(Object.entries(env).map(([name, text]) => [name, withPort(text)])),
    },
  });
  // A run that is broken off takes its servers along.
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const url = `http://127.0.0.1:${port}/mcp`;
  const stop = async () => {
    const gone = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await gone;
    }
    process.off('exit', endWithUs);
  };
  try {
    await until(() => answers(url), { what: `an answer of ${url}`, timeoutMs: startTimeoutMs });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: stop };
}

/** The supervisor as users run it, with the server as its pool's program. */
export async function startBehindGateway(
  { args, env }: ServerProgram,
  settings: Settings = {},
): Promise<Target> {
  const supervisor = await startSupervisor({
    settings: {
      ...settings,
      dashboard: { enabled: false },
      'mcp.node': { command: process.execPath, args },
      'mcp.node.env': env,
      // One instance, as in the direct run: what a server keeps in memory it keeps once.
      'mcp.pool': { base_port: 0, min_instances: 1, max_instances: 1, ...settings['mcp.pool'] },
    },
  });
  return { url: supervisor.mcpUrl, [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose]() };
}

/** True as soon as somebody speaks HTTP there, whatever is said. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
