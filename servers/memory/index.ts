/**
 * The bundled MCP server: a memory of projects, plans and what agents did, shared by all its
 * instances through one database. Several run at once behind the supervisor's gateway; one alone
 * serves a client over stdio. Whatever changes is told to the supervisor by webhook.
 */
import { homedir } from 'node:os';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { CodedError, messageOf } from '../../shared/errors.ts';
import { openDatabase } from '../database.ts';
import { createChange } from './events.ts';
import { createHealth } from './health.ts';
import { startHttpServer } from './http-server.ts';
import { createMemoryServer, type Focus } from './memory-server.ts';
import { readOptions, type ServerOptions, usage } from './options.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import { Store } from './store.ts';
import { Webhook } from './webhook.ts';
import { readWebhookSettings } from './webhook-settings.ts';

/** How long the webhook may finish its queue when the server stops. */
const flushMs = 1_000;

/** How long another instance may be creating the database. */
const openMs = 5_000;

/** stdout belongs to the protocol. */
const log = (line: string) => void process.stderr.write(`${line}\n`);
const logError = (error: unknown) =>
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
const now = () => new Date();

async function main(options: ServerOptions): Promise<void> {
  const stopped = untilToldToStop(options);
  const database = await retryWhileBusy(() => openDatabase(options.dataRoot), openMs);
  const store = new Store(database);
  const settings = readWebhookSettings(process.env, log);
  const webhook = settings && new Webhook({ settings, fetch, now, random: Math.random, log });
  const change = createChange({ database, now, deliver: (event) => webhook?.deliver(event) });
  const createServer = (onCall: (focus: Focus) => void) =>
    createMemoryServer({ store, change, onCall, onError: logError });

  const front = await openFront(options, store, createServer);
  const reason = await stopped;
  log(`stopping: ${reason}`);
  await front.close();
  await webhook?.close(flushMs);
  database.close();
}

interface Front {
  readonly close: () => Promise<void>;
}

async function openFront(
  options: ServerOptions,
  store: Store,
  createServer: Parameters<typeof startHttpServer>[0]['createServer'],
): Promise<Front> {
  const { transport, dataRoot } = options;
  if (transport === 'stdio') {
    return serveStdio(() => createServer(() => undefined), { onerror: logError });
  }
  const health = createHealth({ store, transport, dataRoot, now });
  const http = await startHttpServer({
    port: options.port,
    createServer,
    health,
    now,
    onError: logError,
  });
  log(`listening on http://127.0.0.1:${http.port}/mcp, data in ${dataRoot}`);
  return http;
}

/** Resolves with the reason when a signal comes or, over stdio, the client closes stdin. */
function untilToldToStop({ transport }: ServerOptions): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    if (transport !== 'stdio') return;
    // A pipe that broke closes without an end, a file or /dev/null ends without a close.
    for (const name of ['end', 'close'])
      process.stdin.once(name, () => resolve('stdin was closed'));
  });
}

try {
  const options = readOptions({
    args: process.argv.slice(2),
    environment: process.env,
    platform: process.platform,
    homeFolder: homedir(),
  });
  if (options === null) process.stdout.write(`${usage}\n`);
  else await main(options);
  process.exit(0);
} catch (error) {
  const expected =
    error instanceof CodedError || (error as { code?: unknown }).code === 'EADDRINUSE';
  log(expected ? messageOf(error) : String((error as Error).stack ?? error));
  process.exit(error instanceof CodedError ? 2 : 1);
}
