/** The supervisor as it runs in the soak, with what it supervises, and the process with the load. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { Place, type RunningSupervisor, startSupervisor } from '../test/harness.ts';
import type { FromLoad, LoadPlan, LoadResult } from './load-messages.ts';

/** Lines of 100 bytes, 1 MB of them a second. */
const chatter =
  "const line = 'x'.repeat(99) + '\\n'; setInterval(() => process.stdout.write(line.repeat(1_000)), 100);";

/** Clients spread over two instances, and either has room for all of them while the other is missing. */
const pool = { base_port: 0, min_instances: 2, max_instances: 4, max_connections_per_instance: 20 };

export const load = {
  clients: 8,
  subscribers: 20,
  eventsPerSecond: 200,
  callsPerSecond: 5,
} as const satisfies Partial<LoadPlan>;

export interface Stage {
  readonly place: Place;
  readonly supervisor: RunningSupervisor;
  /** Lines of inside.ts. */
  readonly insideFile: string;
}

export async function openStage(): Promise<Stage> {
  const place = await Place.create({
    settings: { 'mcp.pool': pool },
    servers: [{ name: 'chatter', command: process.execPath, args: ['-e', chatter] }],
    nodeFlags: ['--import', join(import.meta.dirname, 'inside.ts')],
  });
  const insideFile = join(place.folder, 'inside');
  place.env['PM_SOAK_INSIDE_FILE'] = insideFile;
  try {
    return { place, supervisor: await startSupervisor({ place }), insideFile };
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

/** The process with the load. */
export class Load {
  readonly #child: ChildProcess;
  readonly #result = Promise.withResolvers<LoadResult>();
  readonly #running = Promise.withResolvers<void>();

  private constructor(plan: LoadPlan) {
    this.#child = fork(join(import.meta.dirname, 'load.ts'), [JSON.stringify(plan)]);
    this.#child.on('message', (message: FromLoad) => {
      if (message.kind === 'running') this.#running.resolve();
      else this.#result.resolve(message.result);
    });
    this.#child.once('exit', (code, signal) => {
      const error = new Error(`The load ended by itself (${signal ?? code}).`);
      this.#running.reject(error);
      this.#result.reject(error);
    });
    // Whoever waits for the result is told; until then nobody does.
    this.#result.promise.catch(() => {});
  }

  /** Resolves when all are connected; rejects when they cannot be. */
  static async start({ place, supervisor: { ports } }: Stage): Promise<Load> {
    const started = new Load({
      ...load,
      gatewayPort: ports.services['mcp_proxy'] ?? 0,
      controlSocket: ports.control_socket,
      folder: place.folder,
    });
    await started.#running.promise;
    return started;
  }

  /** Ends it; resolves with what it saw. Rejects when it died before. */
  async stop(): Promise<LoadResult> {
    if (this.#child.connected) this.#child.send('stop');
    return await this.#result.promise;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
