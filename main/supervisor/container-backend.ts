/** The pool's instances as containers, in place of processes ([mcp] backend = "container"). */
import type { Config } from '../../shared/config-schema.ts';
import { CodedError, messageOf } from '../../shared/errors.ts';
import type { LaunchContext } from './launches.ts';
import { containerInstanceLaunch } from './launches.ts';
import type { PoolOptions } from './pool/pool.ts';
import { ContainerHost, type ContainerHostOptions } from './services/container.ts';
import type { ServiceOptions } from './services/service.ts';
import type { Logger } from './telemetry/logger.ts';

type Backend = Pick<PoolOptions, 'launch'> & Pick<ServiceOptions, 'processes'>;

type HostParts = Pick<ContainerHostOptions, 'processes' | 'family' | 'logger'>;

/** How the instances are started and stopped with this backend. */
export function containerBackend(context: LaunchContext, parts: HostParts): Backend {
  const host = containerHost(context, parts);
  return {
    processes: host,
    launch: async (name, port) => containerInstanceLaunch(await host.prepare(name, port), port),
  };
}

function containerHost(context: LaunchContext, { processes, family, logger }: HostParts) {
  const settings = context.config.mcp.container;
  return new ContainerHost({ processes, family, logger, settings, env: context.env });
}

export type BackendName = Config['mcp']['backend'];

export interface BackendChoiceOptions extends HostParts {
  readonly context: LaunchContext;
  readonly logger: Logger;
}

/** Which backend the next instance gets: that of the configuration, until somebody asks for another one. */
export class BackendChoice {
  readonly #options: BackendChoiceOptions;
  #chosen: BackendName | null = null;

  constructor(options: BackendChoiceOptions) {
    this.#options = options;
  }

  get active(): BackendName {
    return this.#chosen ?? this.#options.context.config.mcp.backend;
  }

  /**
   * Makes `replaceAll` replace the instances by ones of the other kind; resolves when it is under way. Where
   * it fails, the old ones go on and the choice is what it was. Throws `unsupported` without an engine.
   */
  async change(to: BackendName, replaceAll: () => Promise<void>): Promise<void> {
    if (to === this.active) return;
    const { context, logger } = this.#options;
    if (to === 'container') await requireEngine(containerHost(context, this.#options));
    const before = this.#chosen;
    this.#chosen = to;
    replaceAll().catch((error: unknown) => {
      this.#chosen = before;
      logger.warn({ err: error, to }, 'the MCP instances stay as they were');
    });
  }
}

async function requireEngine(host: ContainerHost): Promise<void> {
  try {
    await host.check();
  } catch (error) {
    throw new CodedError('unsupported', messageOf(error), { cause: error });
  }
}
