/** Services with real processes in a folder of their own, for tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateTransition } from '../../../shared/status.ts';
import type { BackOffPolicy } from './back-off.ts';
import type { Probe } from './probes.ts';
import { testProcesses } from './processes.test-helper.ts';
import { Service, type ServiceOptions } from './service.ts';

export const httpServer = `
import { createServer } from 'node:http';
createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** Starts again at once, without end, and always after the same times. */
export const quickBackOff: BackOffPolicy = {
  initialDelayMs: 10,
  maxDelayMs: 100,
  multiplier: 2,
  jitterRatio: 0,
  maxAttempts: 0,
  cooldownAfterAttempts: 0,
  cooldownMs: 0,
};

export class ServiceRig implements AsyncDisposable {
  readonly folder: string;
  readonly transitions: StateTransition[] = [];
  readonly #services: Service[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<ServiceRig> {
    return new ServiceRig(await mkdtemp(join(tmpdir(), 'pm-service-')));
  }

  /** The states that a service went through, in order. */
  states(name: string): readonly string[] {
    return this.transitions.filter((each) => each.service === name).map(({ to }) => to);
  }

  /** A service that runs a script in Node; PORT and FOLDER reach it by environment. Ready when it answers at the port. */
  async service(
    script: string,
    options: Partial<ServiceOptions> = {},
    port: number | null = null,
    readiness: Probe | null = port === null
      ? null
      : { kind: 'http', url: `http://127.0.0.1:${port}/` },
  ): Promise<Service> {
    const name = options.name ?? `s${this.#services.length + 1}`;
    const file = join(this.folder, `${name}.mjs`);
    await writeFile(file, script);
    const service = new Service({
      name,
      displayName: name,
      kind: 'server',
      restartPolicy: 'always_restart',
      startTimeoutMs: 10_000,
      stopGraceMs: 2_000,
      probeTimeoutMs: 1_000,
      backOff: quickBackOff,
      prepare: async () => ({
        command: process.execPath,
        args: [file],
        workingDir: this.folder,
        env: { ...process.env, PORT: String(port ?? 0), FOLDER: this.folder },
        port,
        url: null,
        readiness,
      }),
      processes: testProcesses,
      ...options,
      onTransition: (transition) => {
        this.transitions.push(transition);
        options.onTransition?.(transition);
      },
    });
    this.#services.push(service);
    return service;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop('test over')));
    await rm(this.folder, { recursive: true, force: true });
  }
}
