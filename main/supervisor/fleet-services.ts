/**
 * Makes the services of a configuration. What they are made of looks the configuration up when it is
 * needed, so that a service which lives through a change of it starts, stops and waits by the new one.
 */
import type { Agent } from 'undici';
import type { Config, ServerConfig } from '../../shared/config-schema.ts';
import { serverMinInstances } from '../../shared/config-services.ts';
import { CodedError } from '../../shared/errors.ts';
import type { ServiceKind, StateTransition } from '../../shared/status.ts';
import { displayName } from '../../shared/wording.ts';
import { BackendChoice, containerBackend } from './container-backend.ts';
import {
  dashboardLaunch,
  type EventsTarget,
  fallbackApiLaunch,
  type LaunchContext,
  mcpInstanceLaunch,
  serverInstanceLaunch,
  serverLaunch,
  type WebhookTarget,
} from './launches.ts';
import type { PoolBounds } from './pool/bounds.ts';
import { Pool, type PoolOptions } from './pool/pool.ts';
import { recyclePace } from './pool/recycler.ts';
import { PortClaims } from './port-claims.ts';
import type { ServicePlan } from './service-plans.ts';
import { keptServices, type LifeSettings, tuned } from './service-settings.ts';
import type { SharedCooldown } from './services/cooldowns.ts';
import type { Needed } from './services/dependencies.ts';
import type { Keep, Keeper } from './services/keep.ts';
import type { OutputRing } from './services/output.ts';
import type { ProcessHost } from './services/process-host.ts';
import { programStatusOf } from './services/program-status.ts';
import { Service, type ServiceOptions } from './services/service.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Terminal } from './terminal/terminal.ts';
import { externalTerminal, makeTerminal } from './terminal-service.ts';

export type Member = Service | Pool | Terminal;

export interface FleetParts {
  /** Its `config` is the one that runs, whenever it is asked. */
  readonly context: LaunchContext;
  readonly processes: ProcessHost;
  /** Names this configuration, for containers as for processes. */
  readonly family: string;
  /** For services that survive us; null where that is not possible. */
  readonly keeper: Keeper | null;
  /** Connections to the MCP instances. */
  readonly agent: Agent;
  readonly logger: Logger;
  /** Known once the gateway listens; null while events are off. */
  readonly webhook: () => WebhookTarget | null;
  readonly events: () => EventsTarget | null;
  /** The status page without its token; null while it is off. */
  readonly pageUrl: () => string | null;
  /** Where the output of a service is kept. */
  readonly output: (service: string) => OutputRing;
  readonly onTransition: (transition: StateTransition) => void;
  /** Counts that views show have changed. */
  readonly onChange: () => void;
}

/** What ties a service to the others. */
export interface Ties {
  readonly needs: (name: string) => Needed;
  readonly cooldown: (name: string) => SharedCooldown;
  /** False for one that was taken out of the configuration: it must not start again. */
  readonly isThere: (member: Member | undefined) => boolean;
  readonly onTransition: (transition: StateTransition) => void;
}

/** How instances are started and ended: as processes or in containers. */
type Backend = Pick<PoolOptions, 'launch'> & Partial<Pick<ServiceOptions, 'processes'>>;

type PoolSection = Omit<Config['mcp']['pool'], 'failover_wait_ms' | 'min_instances' | 'base_port'>;

interface PoolRecipe {
  readonly name: string;
  readonly ports: PoolOptions['ports'];
  readonly life: () => LifeSettings;
  readonly bounds: () => PoolBounds;
  /** Asked for each new instance, which keeps to it. */
  readonly backend: () => Backend;
}

export class FleetServices {
  /** How the instances of the main pool run. */
  readonly backend: BackendChoice;
  readonly #parts: FleetParts;
  readonly #ties: Ties;
  readonly #claims = new PortClaims();

  constructor(parts: FleetParts, ties: Ties) {
    this.#parts = parts;
    this.#ties = ties;
    this.backend = new BackendChoice(parts);
  }

  make({ name, kind }: ServicePlan): Member {
    switch (kind) {
      case 'main_pool':
        return this.#makePool(this.#mainPool(name));
      case 'server_pool':
        return this.#makePool(this.#serverPool(this.#serverNamed(name)));
      case 'dashboard':
        return this.#makeDashboard();
      case 'fallback_api':
        return this.#makeFallbackApi();
      case 'terminal':
        return this.#makeTerminal();
      case 'external_terminal':
        return this.#makeExternalTerminal();
      case 'server':
        return this.#makeServer(this.#serverNamed(name));
    }
  }

  /** The bounds that a pool shall have now. */
  boundsOf({ name, kind }: ServicePlan): PoolBounds {
    return kind === 'main_pool'
      ? this.#mainPool(name).bounds()
      : this.#serverPool(this.#serverNamed(name)).bounds();
  }

  get #config(): Config {
    return this.#parts.context.config;
  }

  /** A block of `[[servers]]`; when it is gone, as it was last: it may still have to be stopped. */
  #serverNamed(name: string): () => ServerConfig {
    let last: ServerConfig | undefined;
    // Each number of each service is asked for by this, also for each status: one search a configuration.
    let searched: Config['servers'] | undefined;
    return () => {
      const { servers } = this.#config;
      if (servers !== searched) last = servers.find((each) => each.name === name) ?? last;
      searched = servers;
      if (last === undefined) throw new CodedError('unknown_service', `There is no "${name}".`);
      return last;
    };
  }

  #mainPool(name: string): PoolRecipe {
    const { context, webhook } = this.#parts;
    const mcp = () => this.#config.mcp;
    return {
      name,
      ports: {
        get base() {
          return mcp().pool.base_port;
        },
        isFixed: false,
        owner: 'MCP pool',
        key: '[mcp.pool] base_port',
      },
      life: mcp,
      bounds: () => bounds(mcp(), mcp().pool, mcp().pool.min_instances),
      backend: () =>
        this.backend.active === 'container'
          ? containerBackend(context, this.#parts)
          : { launch: (instance, port) => mcpInstanceLaunch(context, instance, port, webhook()) },
    };
  }

  /** An MCP server of the user's: a pool like the main one, at a path of its own. */
  #serverPool(server: () => ServerConfig): PoolRecipe {
    const { context, webhook } = this.#parts;
    const { name, port } = server();
    return {
      name,
      ports: {
        get base() {
          return port ?? server().base_port;
        },
        isFixed: port !== undefined,
        owner: `server "${name}"`,
        key: `base_port of the server "${name}"`,
      },
      life: server,
      bounds: () => bounds(server(), server(), serverMinInstances(server())),
      backend: () => ({
        launch: (instance, at) => serverInstanceLaunch(context, server(), instance, at, webhook()),
      }),
    };
  }

  #makePool(recipe: PoolRecipe): Pool {
    const { agent, logger, onChange } = this.#parts;
    const { name, ports, life } = recipe;
    const backends = new Map<string, Backend>();
    const pool: Pool = new Pool({
      name,
      ports,
      ...recipe.bounds(),
      agent,
      logger,
      launch: (instance, port) =>
        (backends.get(instance) ?? recipe.backend()).launch(instance, port),
      makeService: (own) => {
        const backend = recipe.backend();
        backends.set(own.name, backend);
        const { processes = this.#parts.processes } = backend;
        const common = this.#common(own.name, own.prepare, () => pool);
        return new Service(
          tuned(
            { ...common, ...this.#tiesOf(name), ...own, prepare: common.prepare, processes },
            () => this.#config,
            life,
          ),
        );
      },
      onTransition: (transition) => this.#ties.onTransition(transition),
      onChange,
    });
    return pool;
  }

  #makeServer(server: () => ServerConfig): Service {
    const { name } = server();
    return this.#makeService(name, 'server', server, async (adopted) => {
      const { port } = server();
      if (port !== undefined && adopted === null) {
        await this.#claims.claim(name, port, `server "${name}"`);
      }
      return serverLaunch(this.#parts.context, server());
    });
  }

  #makeDashboard(): Service {
    const { context, events } = this.#parts;
    const name = 'dashboard';
    const section = () => this.#config.dashboard;
    return this.#makeService(name, name, section, async (adopted) => {
      const port = adopted?.port ?? (await this.#claims.claim(name, section().port, name));
      return dashboardLaunch(context, port, events());
    });
  }

  #makeFallbackApi(): Service {
    const { context } = this.#parts;
    const name = 'fallback_api';
    const section = () => this.#config.fallback_api;
    return this.#makeService(name, name, section, async (adopted) => {
      const port =
        adopted?.port ?? (await this.#claims.claim(name, section().port, 'fallback API'));
      return fallbackApiLaunch(context, port);
    });
  }

  #makeExternalTerminal(): Service {
    const name = 'interactive_terminal';
    const section = () => this.#config.interactive_terminal;
    return this.#makeService(name, name, section, async (adopted) => {
      const prepare = externalTerminal(this.#parts.context, this.#claims);
      if (prepare === null) throw removed(name);
      return await prepare(adopted);
    });
  }

  #makeTerminal(): Terminal {
    const name = 'interactive_terminal';
    const section = () => this.#config.interactive_terminal;
    const terminal: Terminal = makeTerminal({
      ...this.#parts,
      makeService: ({ restartPolicy, prepare, ...own }) => {
        const common = this.#common(name, prepare, () => terminal);
        return new Service(
          tuned(
            { ...common, ...this.#tiesOf(name), ...own, name, displayName: displayName(name) },
            () => this.#config,
            () => ({ ...section(), restart_policy: restartPolicy }),
          ),
        );
      },
      onTransition: (transition) => this.#ties.onTransition(transition),
    });
    return terminal;
  }

  #makeService(
    name: string,
    kind: ServiceKind,
    life: () => LifeSettings,
    prepare: ServiceOptions['prepare'],
  ): Service {
    const keep = () => this.#keepOf(name);
    const options = tuned(
      {
        ...this.#common(name, prepare, () => service),
        ...this.#tiesOf(name),
        name,
        displayName: displayName(name),
        kind,
        onDemand: kind === 'interactive_terminal',
        onTransition: (transition) => {
          if (transition.to !== 'starting') this.#claims.settled(name);
          this.#ties.onTransition(transition);
        },
      },
      () => this.#config,
      life,
    );
    const service: Service = new Service(
      Object.defineProperty(options, 'keep', { get: keep, enumerable: true }),
    );
    return service;
  }

  /** Null for a service that ends with us. */
  #keepOf(name: string): Keep | null {
    const kept = keptServices(this.#config).find((each) => each.name === name);
    return (kept && this.#parts.keeper?.keep(kept)) ?? null;
  }

  #common(name: string, prepare: ServiceOptions['prepare'], member: () => Member) {
    return {
      output: this.#parts.output(name),
      processes: this.#parts.processes,
      prepare: async (adopted) => {
        if (!this.#ties.isThere(member())) throw removed(name);
        const launch = await prepare(adopted);
        return { ...launch, program: programStatusOf(launch, this.#parts.context.env) };
      },
    } satisfies Partial<ServiceOptions>;
  }

  #tiesOf(name: string) {
    return { cooldown: this.#ties.cooldown(name), needs: this.#ties.needs(name) };
  }
}

function removed(name: string): CodedError {
  return new CodedError('unknown_service', `"${name}" is not in the configuration any more.`);
}

function bounds(life: LifeSettings, pool: PoolSection, minInstances: number): PoolBounds {
  return {
    minInstances,
    maxInstances: pool.max_instances,
    maxSessionsPerInstance: pool.max_connections_per_instance,
    maxSessions: pool.max_sessions,
    failover: pool.failover,
    scaleDownAfterMs: pool.scale_down_after_s * 1_000,
    drainTimeoutMs: pool.drain_timeout_s * 1_000,
    sessionIdleMs: pool.session_idle_minutes * 60_000,
    startWaitMs: life.start_timeout_ms,
    recycling: {
      maxMemoryMb: pool.max_memory_mb,
      maxAgeHours: pool.max_age_hours,
      ...recyclePace,
    },
  };
}
