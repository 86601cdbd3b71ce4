/**
 * The bundled dashboard's entry: `node servers/dashboard/index.ts` or its bundle.
 *
 * - `PORT` (3001; 0 takes any) on 127.0.0.1
 * - `SUPERVISOR_EVENTS_URL`: the supervisor's event stream; without it the database is followed
 * - `SUPERVISOR_EVENTS_TOKEN`: the bearer token for it, where the supervisor asks for one
 * - `PM_DATA_ROOT`: the folder of `memory.db`; without it the platform's data folder
 */
import { homedir } from 'node:os';
import process from 'node:process';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import { findDataRoot } from './data-root.ts';
import { findPageFolder } from './page-files.ts';
import { startDashboard, usualTiming } from './server.ts';

/** Whatever happens while stopping, the process is gone by then. */
const exitDeadlineMs = 900;

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
  SUPERVISOR_EVENTS_URL: z
    .union([z.literal('').transform(() => null), z.url({ protocol: /^https?$/ })])
    .nullable()
    .default(null),
  SUPERVISOR_EVENTS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]*$/)
    .transform((token) => token || null)
    .nullable()
    .default(null),
});

async function main(): Promise<void> {
  const settings = environment.safeParse(process.env);
  if (!settings.success)
    throw new Error(`The environment is not valid:\n${z.prettifyError(settings.error)}`);
  // Whoever read our output may be gone before us; that is no reason to die (EPIPE).
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const dashboard = await startDashboard({
    port: settings.data.PORT,
    dataRoot: findDataRoot({
      env: process.env,
      home: homedir(),
      platform: process.platform,
    }),
    eventsUrl: settings.data.SUPERVISOR_EVENTS_URL,
    eventsToken: settings.data.SUPERVISOR_EVENTS_TOKEN,
    pageFolder: findPageFolder(import.meta.filename),
    timing: usualTiming,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`Dashboard: http://127.0.0.1:${dashboard.port}/\n`);
  const stop = (): void => {
    setTimeout(() => process.exit(0), exitDeadlineMs).unref();
    void dashboard.close().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`The dashboard cannot start: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
