/**
 * The composition root: a configuration in, a running system out. It makes the rooms, hands each what
 * it needs, starts them in order and stops them in reverse; what a room does is in the room.
 *
 * Doors and gateway bind first, so that ports are known and whoever comes early waits instead of
 * failing; then the services start, then the ingestion of the dashboard's events. The end is the
 * reverse: services that use the pool, subscribers, gateway, pool, doors.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../../shared/config-schema.ts';
import type { Reply } from '../../shared/control-protocol.ts';
import type { StampedEvent } from '../../shared/events.ts';
import type {
  ConfigStatus,
  ServiceStatus,
  StateTransition,
  StatusSnapshot,
} from '../../shared/status.ts';
import { configured } from './apply-config.ts';
import { beatOf } from './beat.ts';
import { Broadcast } from './broadcast.ts';
import { missingPrograms } from './config/check-commands.ts';
import type { ConfigHistory } from './config/history.ts';
import { removePortsFile, writePortsFile } from './config/ports-file.ts';
import { ControlRoom } from './control-room.ts';
import { controlTarget } from './control-target.ts';
import { EventRoom } from './events/event-room.ts';
import { Fleet } from './fleet.ts';
import { createUpstreamAgent } from './gateway/forward.ts';
import { Gateway } from './gateway/gateway.ts';
import { eventsTarget, gatewayDoors, withDoors } from './gateway-doors.ts';
import { portsFile } from './known-ports.ts';
import type { EventsTarget, LaunchContext } from './launches.ts';
import { LiveConfig, liveContext } from './live-config.ts';
import { Observer } from './observer.ts';
import { PageToken } from './page-token.ts';
import { servicePlans } from './service-plans.ts';
import { ServiceStreams } from './service-streams.ts';
import { findStrays } from './services/cookie.ts';
import type { Keeper } from './services/keep.ts';
import { ProcessHost } from './services/process-host.ts';
import type { Logger } from './telemetry/logger.ts';
import { Metrics } from './telemetry/metrics.ts';
import { Terminal } from './terminal/terminal.ts';

export interface SupervisorOptions {
  /** Its `config` is the one to begin with. */
  readonly context: LaunchContext;
  readonly configStatus: ConfigStatus;
  readonly configHistory: ConfigHistory;
  /** Keeps a valid configuration for a start with a broken one. */
  readonly saveLastGood: (text: string) => Promise<void>;
  readonly version: string;
  readonly mode: 'desktop' | 'headless';
  /** Names this configuration: its runs know each other's processes by it. Letters and digits. */
  readonly family: string;
  /** The control socket or pipe. */
  readonly socketPath: string;
  /** The token of the page and of HTTP control. */
  readonly token: string;
  /** The token for a configuration without one. */
  readonly loadToken: () => Promise<string>;
  readonly setLogLevel: (level: Config['supervisor']['log_level']) => void;
  /** Folder with the built status page. */
  readonly pageFolder: string;
  readonly logger: Logger;
  readonly setWindowVisible: (visible: boolean) => void;
  /** Somebody asked for the end over the control plane. */
  readonly onShutdownRequest: () => void;
}

/** The newest events in a snapshot: what a page shows at first sight. */
const recentEventCount = 50;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #instanceId = randomBytes(6).toString('hex');
  readonly #startedAt = new Date();
  readonly #broadcast = new Broadcast<StatusSnapshot, StampedEvent>(() => this.snapshot());
  readonly #webhookSecret = randomBytes(32).toString('hex');
  readonly #metrics = new Metrics(() => this.snapshot());
  readonly #events: EventRoom;
  readonly #agent = createUpstreamAgent();
  readonly #processes: ProcessHost;
  readonly #keeper: Keeper | null;
  readonly #observer: Observer;
  readonly #fleet: Fleet;
  readonly #gateway: Gateway;
  readonly #control: ControlRoom;
  readonly #live: LiveConfig;
  readonly #token: PageToken;
  readonly #streams: ServiceStreams;
  #stopping: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    const { logger } = options;
    this.#live = this.#makeLiveConfig(options);
    const config = () => this.#live.current;
    const context = liveContext(options.context, this.#live);
    this.#options = { ...options, context };
    this.#token = new PageToken(config().auth, options.token, options.loadToken);
    this.#events = new EventRoom({
      settings: config().events,
      folder: options.context.dataDir,
      journalThread: options.context.bundled.journalThread,
      instanceId: this.#instanceId,
      webhookSecret: this.#webhookSecret,
      metrics: this.#metrics,
      logger,
      onEvent: (event) => this.#broadcast.event(event),
      onChange: () => this.#broadcast.changed(),
    });
    this.#processes = new ProcessHost(options.family, this.#instanceId, logger);
    this.#keeper = this.#processes.keeper(join(options.context.dataDir, 'adopt'), logger);
    this.#observer = new Observer({
      settings: () => config().runtime_output,
      dataDir: options.context.dataDir,
      logger,
      services: () => [...this.#serviceStatuses(), ...this.#fleet.instanceStatuses()],
      onChange: () => this.#broadcast.changed(),
    });
    this.#fleet = new Fleet({
      output: (service) => this.#observer.output(service),
      context,
      plans: servicePlans(config(), options.token),
      processes: this.#processes,
      family: options.family,
      keeper: this.#keeper,
      agent: this.#agent,
      logger,
      webhook: () =>
        config().events.enabled
          ? { url: this.#gatewayUrl('admin/events/hook'), secret: this.#webhookSecret }
          : null,
      events: () => this.#eventsTarget(),
      pageUrl: () => this.#control.page.url,
      onTransition: (transition) => this.#onTransition(transition),
      onChange: () => this.#broadcast.changed(),
    });
    this.#streams = new ServiceStreams(this.#events, () => this.#fleet, config);
    this.#gateway = this.#makeGateway();
    this.#control = this.#makeControlRoom();
  }

  /** The status page with its token, to be printed once; null while the page is off. */
  get loginUrl(): string | null {
    const { url } = this.#control.page;
    return url === null ? null : `${url}?token=${encodeURIComponent(this.#token.value)}`;
  }

  /**
   * An address as a browser may open it: one of our own page gets a ticket, which lets that browser in
   * once; every other one stays as it is.
   */
  browserUrl(address: string): string {
    return this.#control.page.withTicket(address);
  }

  /**
   * Binds the ports and begins to start the services; resolves as soon as the ports are bound. Throws
   * `port_taken` when the gateway's port belongs to somebody else; then nothing is left running. A door
   * that cannot be opened is missing until it can; the others and the gateway work without it.
   */
  async start(): Promise<void> {
    const { context, logger } = this.#options;
    try {
      await this.#endStrays();
      await this.#events.open();
      await this.#gateway.listen(context.config.mcp.port);
    } catch (error) {
      await this.stop('it could not start');
      throw error;
    }
    await this.#control.open();
    await this.#writePorts();
    logger.info({ mcp: this.#mcpUrl, events: this.#eventsUrl }, 'listening');
    this.#metrics.trends.start();
    void this.#fleet.start();
    await this.#live.open();
  }

  snapshot(): StatusSnapshot {
    const { version, context } = this.#options;
    const { dashboard } = this.#fleet;
    const instances = this.#fleet.instanceStatuses();
    return {
      version,
      instanceId: this.#instanceId,
      pid: process.pid,
      startedAt: this.#startedAt.toISOString(),
      stopping: this.#stopping !== null,
      config: this.#live.status,
      mcpUrl: context.config.mcp.enabled && this.#gateway.port !== 0 ? this.#mcpUrl : null,
      dashboardUrl: dashboard?.state === 'ready' ? dashboard.url : null,
      pageUrl: this.#control.page.url,
      self: this.#observer.self,
      services: this.#observer.complete(this.#serviceStatuses(), instances),
      instances: this.#observer.complete(instances),
      sessions: this.#fleet.sessionStatuses(),
      clients: this.#control.clients,
      doors: this.#control.doors,
      events: this.#events.stats(this.#eventsUrl),
      recentEvents: this.#events.recent(recentEventCount),
    };
  }

  /** What runs now; of a changed file, once it is applied. */
  get config(): Config {
    return this.#live.current;
  }

  #serviceStatuses(): readonly ServiceStatus[] {
    return this.#fleet.services().map((service) => service.status());
  }

  /** Somebody looks at resources now and may look again: they are measured for a while. */
  glance(): void {
    this.#observer.glance();
  }

  /** Any control request; always resolves with one reply. */
  control(request: unknown): Promise<Reply> {
    return this.#control.dispatch(request);
  }

  /** The state now and whenever it changed, at most four times a second; returns the way out. */
  onSnapshot(listener: (snapshot: StatusSnapshot) => void): () => void {
    return this.#broadcast.onSnapshot(listener);
  }

  /** Events as they are published, in small batches; returns the way out. */
  onEvents(listener: (events: readonly StampedEvent[]) => void): () => void {
    return this.#broadcast.onEvents(listener);
  }

  /** Stops everything in reverse order; resolves when no child, port or socket is left. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stopAll(reason);
    return this.#stopping;
  }

  async #stopAll(reason: string): Promise<void> {
    const { logger, configStatus } = this.#options;
    logger.info({ reason }, 'stopping');
    this.#broadcast.changed();
    this.#events.stopSources();
    this.#metrics.trends.close();
    await this.#live.close();
    await this.#control.endApps();
    await this.#fleet.stopClients(reason);
    await this.#events.close();
    await this.#gateway.close();
    await this.#fleet.stopPools(reason);
    await this.#agent.destroy();
    this.#processes.close();
    await this.#observer.close();
    await removePortsFile(configStatus.path, process.pid);
    this.#broadcast.close();
    if (this.#fleet.terminal instanceof Terminal) this.#fleet.terminal.close();
    await this.#control.close();
    logger.info('stopped');
  }

  get #mcpUrl(): string {
    return this.#gatewayUrl('mcp');
  }

  get #eventsUrl(): string {
    return this.#gatewayUrl('supervisor/events');
  }

  #gatewayUrl(path: string): string {
    return `http://127.0.0.1:${this.#gateway.port}/${path}`;
  }

  #onTransition(transition: StateTransition): void {
    const { service, to } = transition;
    this.#control.tell(transition);
    this.#broadcast.changed();
    if (service === 'mcp') this.#gateway.announceHealth();
    if (to !== 'ready') return;
    this.#streams.isUp(service);
    if (service === 'dashboard' || this.#fleet.pools.has(service.toLowerCase())) {
      void this.#writePorts();
    }
  }

  #eventsTarget(): EventsTarget | null {
    const { events, auth } = this.#live.current;
    return events.enabled ? eventsTarget(this.#eventsUrl, auth, this.#token.value) : null;
  }

  #makeLiveConfig(options: SupervisorOptions): LiveConfig {
    return new LiveConfig({
      config: options.context.config,
      status: options.configStatus,
      history: options.configHistory,
      saveLastGood: options.saveLastGood,
      missingPrograms: (text) => missingPrograms(text, options.context),
      configured: configured(() => ({
        fleet: this.#fleet,
        events: this.#events,
        gateway: this.#gateway,
        token: this.#token,
        setLogLevel: options.setLogLevel,
        onApplied: () => {
          this.#streams.tidy();
          void this.#writePorts();
        },
      })),
      logger: options.logger,
      onChange: () => this.#broadcast.changed(),
    });
  }

  #makeGateway(): Gateway {
    const { logger } = this.#options;
    const doors = gatewayDoors({
      config: () => this.#live.current,
      token: () => this.#token.value,
      statusOf: (service) => this.#fleet.byName(service).status(),
      pool: () => this.#fleet.pool,
      logger,
    });
    const rest = {
      pools: this.#fleet.pools,
      connections: this.#fleet,
      agent: this.#agent,
      events: (request: IncomingMessage, response: ServerResponse) => {
        this.#events.sse(request, response);
        // Views show who is subscribed: somebody came, and will go.
        this.#broadcast.changed();
        response.once('close', () => this.#broadcast.changed());
      },
      webhook: this.#events.webhook,
      metrics: this.#metrics,
      beat: () => beatOf(this.#fleet, this.#live.current, this.#gateway.port),
      onActivity: () => this.#broadcast.changed(),
      logger,
    };
    return new Gateway(withDoors(rest, doors));
  }

  #makeControlRoom(): ControlRoom {
    const { context, family, socketPath } = this.#options;
    const parts = {
      host: this.#options,
      fleet: this.#fleet,
      observer: this.#observer,
      events: this.#events,
      metrics: this.#metrics,
      broadcast: this.#broadcast,
      snapshot: () => this.snapshot(),
      dataDir: context.dataDir,
      socketFile: process.platform === 'win32' ? null : socketPath,
      strays: () => findStrays(family, this.#instanceId),
    };
    return new ControlRoom({
      ...this.#options,
      processes: this.#processes,
      token: () => this.#token.value,
      terminal: () => (this.#fleet.terminal instanceof Terminal ? this.#fleet.terminal : null),
      config: this.#live,
      sessions: () => this.#fleet.sessionStatuses(),
      output: (service) => this.#observer.ring(service),
      onSnapshot: (listener) => this.#observer.looking(this.onSnapshot(listener)),
      onEvents: (listener) => this.onEvents(listener),
      onChange: () => this.#broadcast.changed(),
      onAddress: () => void this.#writePorts(),
      target: (own) => controlTarget(parts, own),
    });
  }

  /** The place is ours (main/running-supervisor.ts), so whatever carries this configuration's cookie is left from a dead run. */
  async #endStrays(): Promise<void> {
    const spared = (await this.#keeper?.find(this.#fleet.keptServices())) ?? [];
    const count = await this.#processes.endStrays(spared);
    if (count > 0) this.#options.logger.warn({ count }, 'ended processes that an earlier run left');
  }

  /** Clients find the ports in a file beside the configuration. */
  async #writePorts(): Promise<void> {
    if (this.#stopping) return;
    const { configStatus, socketPath, logger } = this.#options;
    const doors = {
      gateway: this.#gateway.port,
      controlTcp: this.#control.tcpPort,
      controlSocket: this.#control.hasSocket ? socketPath : null,
      pageUrl: this.#control.page.url,
    };
    try {
      await writePortsFile(configStatus.path, portsFile(this.#fleet, this.#live.current, doors));
    } catch (error) {
      logger.warn({ err: error }, 'ports.json could not be written; clients use their defaults');
    }
  }
}
