/**
 * All services of a configuration: what they are, in which order they start and stop.
 *
 * The pool and whatever needs nothing start side by side; the dashboard waits for the pool when it is
 * told to (`requires_mcp`). They stop in reverse: first those that use the pool, then the pool.
 */
import type { Agent } from 'undici';
import type { Config } from '../../shared/config-schema.ts';
import { CodedError } from '../../shared/errors.ts';
import type { ServiceKind, ServiceStatus, StateTransition } from '../../shared/status.ts';
import { displayName } from '../../shared/wording.ts';
import {
  dashboardLaunch,
  fallbackApiLaunch,
  type LaunchContext,
  mcpInstanceLaunch,
  serverLaunch,
  type WebhookTarget,
} from './launches.ts';
import { findFreePort, isPortFree } from './pool/free-port.ts';
import { Pool } from './pool/pool.ts';
import type { BackOffPolicy } from './services/back-off.ts';
import type { ProcessHost } from './services/process-host.ts';
import {
  type Launch,
  type RestartPolicy,
  Service,
  type ServiceOptions,
} from './services/service.ts';
import type { Logger } from './telemetry/logger.ts';

export interface FleetOptions {
  readonly context: LaunchContext;
  readonly processes: ProcessHost;
  /** Connections to the MCP instances. */
  readonly agent: Agent;
  readonly logger: Logger;
  /** Known once the gateway listens; null while events are off. */
  readonly webhook: () => WebhookTarget | null;
  readonly eventsUrl: () => string | null;
  readonly onTransition: (transition: StateTransition) => void;
  /** Counts that views show have changed. */
  readonly onChange: () => void;
}

/** What can be started and stopped by name. */
export interface Startable {
  start(): Promise<void>;
  stop(reason: string): Promise<void>;
  restart(reason: string): Promise<void>;
  status(): ServiceStatus;
  readonly history: readonly StateTransition[];
}

/** The keys that every service section has. */
interface LifeSettings {
  readonly restart_policy: RestartPolicy;
  readonly start_timeout_ms: number;
  readonly stop_grace_ms: number;
}

export class Fleet {
  readonly pool: Pool | null;
  readonly dashboard: Service | null;
  readonly fallbackApi: Service | null;
  readonly #options: FleetOptions;
  readonly #servers: readonly Service[];
  readonly #poolReady = Promise.withResolvers<void>();

  constructor(options: FleetOptions) {
    this.#options = options;
    const { config } = options.context;
    this.pool = config.mcp.enabled ? this.#makePool() : null;
    this.dashboard = config.dashboard.enabled ? this.#makeDashboard() : null;
    this.fallbackApi = config.fallback_api.enabled ? this.#makeFallbackApi() : null;
    this.#servers = config.servers
      .filter((server) => server.enabled)
      .map((server) =>
        this.#makeService(server.name, 'server', server, async () => {
          if (server.port !== undefined) await claimPort(server.port, `server "${server.name}"`);
          return serverLaunch(options.context, server);
        }),
      );
  }

  /** Starts everything; resolves when each is ready or has told why not. Never throws. */
  async start(): Promise<void> {
    const { requires_mcp } = this.#options.context.config.dashboard;
    const dashboard = async () => {
      if (requires_mcp && this.pool) await this.#poolReady.promise;
      await this.dashboard?.start();
    };
    await Promise.allSettled([
      this.pool?.start(),
      dashboard(),
      this.fallbackApi?.start(),
      ...this.#servers.map((server) => server.start()),
    ]);
  }

  /** Stops what uses the pool; `stopPool` comes when the gateway has closed. */
  async stopClients(reason: string): Promise<void> {
    const clients = [this.dashboard, this.fallbackApi, ...this.#servers];
    await Promise.all(clients.map(async (service) => await service?.stop(reason)));
  }

  async stopPool(reason: string): Promise<void> {
    await this.pool?.stop(reason);
  }

  /** The services that people know, in the order they are shown. */
  services(): readonly Startable[] {
    const built = [this.pool, this.dashboard, this.fallbackApi];
    return [...built.filter((service) => service !== null), ...this.#servers];
  }

  /** The pool; throws `unknown_service` while MCP is switched off. */
  requirePool(): Pool {
    if (this.pool) return this.pool;
    throw new CodedError('unknown_service', 'MCP is switched off: [mcp] enabled = false.');
  }

  /** A service or a pool instance (`mcp:1`); throws `unknown_service` naming the known ones. */
  byName(name: string): Startable {
    const all = [...this.services(), ...(this.pool?.instances.map((each) => each.service) ?? [])];
    const wanted = name.toLowerCase();
    const found = all.find((service) => service.status().name.toLowerCase() === wanted);
    if (found) return found;
    const known = all.map((service) => service.status().name).join(', ');
    throw new CodedError(
      'unknown_service',
      `There is no service "${name.slice(0, 80)}". Known: ${known || 'none'}.`,
    );
  }

  #makePool(): Pool {
    const { context, logger, webhook, onChange } = this.#options;
    const { mcp } = context.config;
    return new Pool({
      minInstances: mcp.pool.min_instances,
      maxInstances: mcp.pool.max_instances,
      maxSessionsPerInstance: mcp.pool.max_connections_per_instance,
      basePort: mcp.pool.base_port,
      failover: mcp.pool.failover,
      scaleDownAfterMs: mcp.pool.scale_down_after_s * 1_000,
      sessionIdleMs: mcp.pool.session_idle_minutes * 60_000,
      agent: this.#options.agent,
      logger,
      launch: (name, port) => mcpInstanceLaunch(context, name, port, webhook()),
      makeService: (options) => new Service({ ...this.#common(mcp), ...options }),
      onTransition: (transition) => {
        if (transition.service === 'mcp' && transition.to === 'ready') this.#poolReady.resolve();
        this.#note(transition);
      },
      onChange,
    });
  }

  #makeDashboard(): Service {
    const { context, eventsUrl } = this.#options;
    const { dashboard } = context.config;
    return this.#makeService('dashboard', 'dashboard', dashboard, async () =>
      dashboardLaunch(context, await claimPort(dashboard.port, 'dashboard'), eventsUrl()),
    );
  }

  #makeFallbackApi(): Service {
    const { context } = this.#options;
    const { fallback_api } = context.config;
    return this.#makeService('fallback_api', 'fallback_api', fallback_api, async () =>
      fallbackApiLaunch(context, await claimPort(fallback_api.port, 'fallback API')),
    );
  }

  #makeService(
    name: string,
    kind: ServiceKind,
    settings: LifeSettings,
    prepare: () => Promise<Launch>,
  ): Service {
    return new Service({
      ...this.#common(settings),
      name,
      displayName: displayName(name),
      kind,
      prepare,
      onTransition: (transition) => this.#note(transition),
    });
  }

  #common(settings: LifeSettings) {
    const { config } = this.#options.context;
    return {
      restartPolicy: settings.restart_policy,
      startTimeoutMs: settings.start_timeout_ms,
      stopGraceMs: settings.stop_grace_ms,
      probeTimeoutMs: config.mcp.health_timeout_ms,
      backOff: backOffPolicy(config.reconnect),
      keepOutput: config.runtime_output.enabled,
      processes: this.#options.processes,
    } satisfies Partial<ServiceOptions>;
  }

  #note(transition: StateTransition): void {
    const { service, from, to, reason } = transition;
    const level = to === 'failed' || to === 'crash_loop' || to === 'unhealthy' ? 'warn' : 'info';
    this.#options.logger[level]({ service, from, reason }, to.replace('_', ' '));
    this.#options.onTransition(transition);
  }
}

function backOffPolicy(reconnect: Config['reconnect']): BackOffPolicy {
  return {
    initialDelayMs: reconnect.initial_delay_ms,
    maxDelayMs: reconnect.max_delay_ms,
    multiplier: reconnect.multiplier,
    jitterRatio: reconnect.jitter_ratio,
    maxAttempts: reconnect.max_attempts,
    cooldownAfterAttempts: reconnect.cooldown_after_attempts,
    cooldownMs: reconnect.cooldown_child_local_ms,
  };
}

/** The configured port if nobody has it, any free one for 0; throws `port_taken`. Kills nobody (W25). */
async function claimPort(port: number, owner: string): Promise<number> {
  if (port !== 0 && (await isPortFree(port))) return port;
  const free = port === 0 ? await findFreePort(0, new Set()) : null;
  if (free !== null) return free;
  throw new CodedError(
    'port_taken',
    `Port ${port} of the ${owner} is in use by another program. Stop that program or set another port.`,
  );
}
