/** For tests: the server as a real process, and a real listener for its webhook. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { inherited } from '../inherited.test-helper.ts';

export const entry = join(import.meta.dirname, 'index.ts');

/** The exit code after SIGTERM; Windows has no signals and ends a process on the spot. */
export const cleanExit = process.platform === 'win32' ? null : 0;

/** A data folder that is gone when the scope ends. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'memory-server-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** The environment of a server: nothing of the person who runs the tests leaks in. */
export function environmentFor(
  dataRoot: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { ...inherited, PM_DATA_ROOT: dataRoot, ...more };
}

export interface RunningServer extends AsyncDisposable {
  readonly url: URL;
  readonly child: ChildProcess;
  /** What it said on stderr so far. */
  readonly lines: readonly string[];
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts the server, on a port of the system's choice, and waits until it listens. */
export async function startServer(
  dataRoot: string,
  environment: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<RunningServer> {
  const child = spawn(
    process.execPath,
    [entry, '--transport', 'streamable-http', '--port', String(port)],
    {
      env: environmentFor(dataRoot, environment),
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const lines: string[] = [];
  const url = await new Promise<URL>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      const found = /listening on (\S+)\/mcp/.exec(line)?.[1];
      if (found !== undefined) resolve(new URL(found));
    });
    child.once('exit', (code) => reject(new Error(`exit ${code}: ${lines.join('\n')}`)));
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    return (await exited)[0];
  };
  return { url, child, lines, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

export interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Connections accepted so far. */
  readonly connections: () => number;
}

/** Listens for deliveries; `answer` decides the status of each, and may take its time. */
export async function startReceiver(
  answer: (received: Received) => number | Promise<number> = () => 200,
): Promise<Receiver> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void (async () => {
      const one = { path: request.url, headers: request.headers, body: await text(request) };
      received.push(one);
      response.writeHead(await answer(one)).end();
    })();
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/events/hook`,
    received,
    connections: () => sockets.size,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
