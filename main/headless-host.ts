/** The headless host: starts the supervisor, says where it is, and ends it when it is asked to. */
import { boot } from './boot.ts';
import { outliveTerminal } from './outlive-terminal.ts';
import { settleMemory } from './supervisor/telemetry/settle-memory.ts';

outliveTerminal([process.stdout, process.stderr]);

/** How long the end may wait for a slow disk, in ms. */
const lastWordsMs = 1_000;

const quit = Promise.withResolvers<string>();

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => quit.resolve(signal));
}

const booted = await boot(process.argv.slice(2), process.env, {
  mode: 'headless',
  // There is no window; the page is a tab in somebody's browser.
  setWindowVisible: () => {},
  quit: () => quit.resolve('shutdown requested'),
});

if (booted.kind === 'exit') {
  process.exitCode = booted.code;
  leave();
} else {
  const { supervisor, logger, pageUrl } = booted;
  let exitCode = 0;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, 'a mistake of the supervisor; stopping everything');
      exitCode = 1;
      quit.resolve(event);
    });
  }
  const { mcpUrl, events } = supervisor.snapshot();
  process.stdout.write(
    [
      `MCP for your clients:  ${mcpUrl ?? 'off'}`,
      `Data-change events:    ${events.enabled ? events.url : 'off'}`,
      `Status page:           ${pageUrl ?? 'off'}`,
      '',
    ].join('\n'),
  );
  settleMemory();
  await supervisor.stop(await quit.promise);
  process.exitCode = exitCode;
  leave();
}

/** The last lines of the log are on their way; whatever else holds the process is not waited for. */
function leave(): void {
  setTimeout(() => process.exit(), lastWordsMs).unref();
}
