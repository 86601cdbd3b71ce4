/**
 * MCP instances as containers. What is supervised is the engine's `run` in the foreground: its output
 * is the container's, its end the container's end. But the container is no child of it, so stopping
 * asks the engine, and "gone" is said only when the engine knows the container no more.
 *
 * Every container carries a label with the name of our configuration. What has it before we started any
 * was left by a run that was killed, and is removed. Others are never touched.
 */
import { containerPort } from '../../../shared/config-container.ts';
import type { Config } from '../../../shared/config-schema.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ContainerEngine } from './container-engine.ts';
import type { OutputLine } from './output.ts';
import type { ProcessHost } from './process-host.ts';
import type { Command, RunningProcess } from './supervised-process.ts';

type ContainerSettings = Config['mcp']['container'];

/** A command that runs a container in the foreground. */
export interface ContainerCommand extends Command {
  readonly container: string;
}

export interface ContainerHostOptions {
  readonly settings: ContainerSettings;
  /** The same for every run with the same configuration; letters and digits. */
  readonly family: string;
  /** The supervisor's own environment, for the engine. */
  readonly env: NodeJS.ProcessEnv;
  readonly processes: Pick<ProcessHost, 'launch'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** The label by which a later run knows what an earlier one left. */
export const familyLabel = 'project-memory.supervisor';

/** The engine may need longer than the container itself: it cleans up. */
const engineExtraMs = 5_000;

/** How often a removal is tried; an engine that is busy with the same container refuses. */
const removalTries = 5;

export class ContainerHost {
  readonly #options: ContainerHostOptions;
  readonly #engine: ContainerEngine;
  #readiness: Promise<void> | null = null;

  constructor(options: ContainerHostOptions) {
    this.#options = options;
    this.#engine = new ContainerEngine(options.settings.engine, options.env);
  }

  /** Resolves when there is an engine; throws `service_failed`, which names the cure. */
  async check(): Promise<void> {
    await this.#ready();
  }

  /**
   * The command of one instance (`mcp:1`) on a host port. The first one looks for the engine and removes
   * what an earlier run left. Throws `service_failed` when there is no engine.
   */
  async prepare(instance: string, port: number): Promise<ContainerCommand> {
    await this.#ready();
    const { settings, family, env } = this.#options;
    const container = containerName(settings, family, instance);
    return {
      command: settings.engine,
      args: runArguments(settings, { container, family, port }),
      workingDir: undefined,
      // The engine takes the values from here: on its command line every user could read them.
      env: { ...env, ...settings.env },
      container,
    };
  }

  launch(command: Command, onLine: (line: OutputLine) => void): RunningProcess {
    const child = this.#options.processes.launch(command, onLine);
    if (!isContainer(command)) return child;
    const { container } = command;
    return {
      pid: child.pid,
      spawned: child.spawned,
      exited: child.exited,
      stop: async (graceMs, onHang) => {
        onHang?.(`waits for ${command.command} to stop the container ${container}`);
        await this.#stop(container, graceMs);
        const left = await child.stop(engineExtraMs, onHang);
        return (await this.#remove(container)) ?? left;
      },
      sweep: async () => {
        const left = await child.sweep();
        return (await this.#remove(container)) ?? left;
      },
    };
  }

  /** Remembered once it succeeded: an engine may be installed while we run. */
  #ready(): Promise<void> {
    this.#readiness ??= this.#removeStrays().catch((error: unknown) => {
      this.#readiness = null;
      throw error;
    });
    return this.#readiness;
  }

  async #removeStrays(): Promise<void> {
    const { family, logger } = this.#options;
    const filter = `label=${familyLabel}=${family}`;
    const { stdout } = await this.#engine.ask(['ps', '--all', '--quiet', '--filter', filter]);
    const strays = stdout.split(/\s+/).filter((id) => id !== '');
    if (strays.length === 0) return;
    logger.warn({ count: strays.length }, 'removing containers that an earlier run left');
    await this.#engine.ask(['rm', '--force', ...strays]);
  }

  async #stop(container: string, graceMs: number): Promise<void> {
    // The engines count in seconds.
    const seconds = String(Math.ceil(graceMs / 1_000));
    await this.#engine
      .ask(['stop', '--time', seconds, container], graceMs + engineExtraMs)
      // An engine that is not there any more cannot stop anything; what is left is said below.
      .catch(() => {});
  }

  /** Null when the engine knows it no more; else what is left, in words. */
  async #remove(container: string): Promise<string | null> {
    try {
      for (let tries = 0; tries < removalTries; tries += 1) {
        await this.#engine.ask(['rm', '--force', container]);
        const answer = await this.#engine.ask(['container', 'inspect', container]);
        if (!answer.ok) return null;
      }
      return `container ${container} cannot be removed; "${this.#engine.name} rm --force ${container}" does it by hand`;
    } catch (error) {
      return `container ${container} may go on: ${messageOf(error)}`;
    }
  }
}

function isContainer(command: Command): command is ContainerCommand {
  return 'container' in command;
}

function containerName(settings: ContainerSettings, family: string, instance: string): string {
  const number = instance.replace(/^.*:/, '');
  return `${settings.container_name}-${family}-${number}`;
}

interface Placement {
  readonly container: string;
  readonly family: string;
  readonly port: number;
}

/** What stands behind `docker` or `podman`. Published on the loopback interface only. */
export function runArguments(
  settings: ContainerSettings,
  { container, family, port }: Placement,
): readonly string[] {
  const [first, ...others] = settings.ports.map(containerPort);
  const labels = { ...settings.labels, [familyLabel]: family };
  return [
    'run',
    '--rm',
    '--name',
    container,
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    '--publish',
    `127.0.0.1:${port}:${first}`,
    ...others.flatMap((inside) => ['--publish', `127.0.0.1::${inside}`]),
    // A name alone: the engine takes the value from its own environment.
    ...Object.keys(settings.env).flatMap((name) => ['--env', name]),
    settings.image,
    ...settings.args,
  ];
}
