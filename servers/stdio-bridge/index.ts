/**
 * Serves an MCP server that speaks stdio over Streamable HTTP, as one process that the supervisor's pool
 * runs like any other instance: what a stdio server does wrong stays in here. See docs/stdio-bridge.md.
 */
import { CodedError, messageOf } from '../../shared/errors.ts';
import { type BridgeArguments, readArguments, usage } from './arguments.ts';
import { startBridge } from './bridge.ts';
import { checkCommand } from './find-command.ts';
import { launchOf } from './launch.ts';
import { labelled } from './log.ts';
import { loginPath } from './login-path.ts';

const write = (line: string) => void process.stderr.write(`${line}\n`);
const log = labelled(write, 'bridge');

async function main(settings: BridgeArguments): Promise<void> {
  const stopped = new Promise<string>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const { env, platform } = process;
  const path = await loginPath({
    platform,
    path: env['PATH'] ?? '',
    shell: env['SHELL'] ?? '/bin/zsh',
  });
  const environment = platform === 'darwin' ? { ...env, PATH: path } : env;
  const launch = launchOf(settings.command, settings.args, platform, environment);
  await checkCommand(launch, platform);
  const bridge = await startBridge({ settings, launch, log: write, now: () => performance.now() });
  log(`listening on http://127.0.0.1:${bridge.port}/mcp for ${settings.command}`);
  const reason = await stopped;
  log(`stopping: ${reason}`);
  await bridge.stop('the bridge is stopping');
}

try {
  const settings = readArguments(process.argv.slice(2));
  if (settings === null) process.stdout.write(`${usage}\n`);
  else await main(settings);
  process.exit(0);
} catch (error) {
  const isExpected =
    error instanceof CodedError || (error as { code?: unknown }).code === 'EADDRINUSE';
  write(isExpected ? messageOf(error) : String((error as Error).stack ?? error));
  if (!(error instanceof CodedError)) process.exit(1);
  // 127 is what shells say when there is no such command.
  process.exit(error.code === 'not_found' ? 127 : 2);
}
