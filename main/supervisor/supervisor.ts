/**
 * The composition root: a configuration in, a running system out. It makes the rooms, hands each what
 * it needs, starts them in order and stops them in reverse; what a room does is in the room.
 *
 * Doors and gateway bind first, so that ports are known and whoever comes early waits instead of
 * failing; then the services start, then the ingestion of the dashboard's events. The end is the
 * reverse: services that use the pool, subscribers, gateway, pool, doors.
 */
import { randomBytes } from 'node:crypto';
import type { Reply } from '../../shared/control-protocol.ts';
import { CodedError } from '../../shared/errors.ts';
import type { StampedEvent } from '../../shared/events.ts';
import type { ConfigStatus, StateTransition, StatusSnapshot } from '../../shared/status.ts';
import { Broadcast } from './broadcast.ts';
import { removePortsFile, writePortsFile } from './config/ports-file.ts';
import { type ControlTarget, createCommands } from './control/commands.ts';
import { createDispatcher, type Dispatch } from './control/dispatcher.ts';
import { LineDoor } from './control/line-door.ts';
import { PageDoor } from './control/page-door.ts';
import { EventRoom } from './events/event-room.ts';
import type { StreamSource } from './events/stream-source.ts';
import { Fleet } from './fleet.ts';
import { createUpstreamAgent } from './gateway/forward.ts';
import { Gateway } from './gateway/gateway.ts';
import type { Beat } from './gateway/heartbeat.ts';
import type { LaunchContext } from './launches.ts';
import { ProcessHost } from './services/process-host.ts';
import type { Logger } from './telemetry/logger.ts';
import { Metrics } from './telemetry/metrics.ts';

export interface SupervisorOptions {
  readonly context: LaunchContext;
  readonly configStatus: ConfigStatus;
  readonly version: string;
  readonly mode: 'desktop' | 'headless';
  /** Names this configuration: its runs know each other's processes by it. Letters and digits. */
  readonly family: string;
  /** The control socket or pipe. */
  readonly socketPath: string;
  /** The token of the page and of HTTP control. */
  readonly token: string;
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
  readonly #fleet: Fleet;
  readonly #gateway: Gateway;
  readonly #dispatch: Dispatch;
  readonly #socketDoor: LineDoor;
  readonly #tcpDoor: LineDoor;
  readonly #pageDoor: PageDoor;
  #controlTcpPort: number | null = null;
  /** Event streams of our own services, by the service's name. */
  readonly #streams = new Map<string, StreamSource>();
  #stopping: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { logger } = options;
    const { config } = options.context;
    this.#events = new EventRoom({
      settings: config.events,
      folder: options.context.dataDir,
      journalThread: options.context.bundled.journalThread,
      instanceId: this.#instanceId,
      webhookSecret: this.#webhookSecret,
      metrics: this.#metrics,
      logger,
      onEvent: (event) => this.#broadcast.event(event),
    });
    this.#processes = new ProcessHost(options.family, this.#instanceId, logger);
    this.#fleet = new Fleet({
      context: options.context,
      processes: this.#processes,
      agent: this.#agent,
      logger,
      webhook: () =>
        config.events.enabled
          ? { url: this.#gatewayUrl('admin/events/hook'), secret: this.#webhookSecret }
          : null,
      eventsUrl: () => (config.events.enabled ? this.#eventsUrl : null),
      onTransition: (transition) => this.#onTransition(transition),
      onChange: () => this.#broadcast.changed(),
    });
    this.#gateway = new Gateway({
      pool: this.#fleet.pool,
      agent: this.#agent,
      failoverWaitMs: config.mcp.pool.failover_wait_ms,
      fallbackOrigin: () => {
        const { fallbackApi } = this.#fleet;
        return fallbackApi?.state === 'ready' ? `http://127.0.0.1:${fallbackApi.port}` : null;
      },
      allowedOrigins: config.events.allowed_origins,
      events: (request, response) => {
        this.#events.sse(request, response);
        // Views show who is subscribed: somebody came, and will go.
        this.#broadcast.changed();
        response.once('close', () => this.#broadcast.changed());
      },
      webhook: this.#events.webhook,
      metrics: this.#metrics,
      beat: () => this.#beat(),
      onActivity: () => this.#broadcast.changed(),
      logger,
    });
    this.#dispatch = createDispatcher(createCommands(this.#controlTarget()));
    this.#socketDoor = new LineDoor(this.#dispatch, logger);
    this.#tcpDoor = new LineDoor(this.#dispatch, logger);
    this.#pageDoor = new PageDoor({
      dispatch: this.#dispatch,
      token: options.token,
      pageFolder: options.pageFolder,
      onSnapshot: (listener) => this.onSnapshot(listener),
      onEvents: (listener) => this.onEvents(listener),
    });
  }

  /** The status page with its token, to be printed once; null while the page is off. */
  get loginUrl(): string | null {
    const { url } = this.#pageDoor;
    return url === null ? null : `${url}?token=${encodeURIComponent(this.#options.token)}`;
  }

  /**
   * Binds the ports and begins to start the services; resolves as soon as the ports are bound. Throws
   * `port_taken` when the gateway's port or the control socket belongs to somebody else; then nothing
   * is left running.
   */
  async start(): Promise<void> {
    const { context, logger, socketPath } = this.#options;
    const { supervisor, mcp, gui_server } = context.config;
    try {
      await this.#socketDoor.listenSocket(socketPath);
      await this.#endStrays();
      await this.#events.open();
      await this.#gateway.listen(mcp.port);
    } catch (error) {
      await this.stop('it could not start');
      throw error;
    }
    // Each of these doors can be missing; the others and the gateway work without it.
    await this.#tryToOpen(async () => {
      this.#controlTcpPort = await this.#tcpDoor.listenTcp(supervisor.control_tcp_port);
    });
    if (gui_server.enabled) {
      await this.#tryToOpen(() => this.#pageDoor.listen(gui_server.port, gui_server.bind_address));
    }
    await this.#writePorts();
    logger.info({ mcp: this.#mcpUrl, events: this.#eventsUrl }, 'listening');
    void this.#fleet.start();
  }

  snapshot(): StatusSnapshot {
    const { configStatus, version, context } = this.#options;
    const { pool, dashboard } = this.#fleet;
    return {
      version,
      instanceId: this.#instanceId,
      pid: process.pid,
      startedAt: this.#startedAt.toISOString(),
      stopping: this.#stopping !== null,
      config: configStatus,
      mcpUrl: context.config.mcp.enabled && this.#gateway.port !== 0 ? this.#mcpUrl : null,
      dashboardUrl: dashboard?.state === 'ready' ? dashboard.url : null,
      pageUrl: this.#pageDoor.url,
      services: this.#fleet.services().map((service) => service.status()),
      instances: pool?.instances.map((each) => each.status(pool.sessions.countOn(each))) ?? [],
      sessions: pool?.sessions.all().map((session) => session.status()) ?? [],
      events: this.#events.stats(this.#eventsUrl),
      recentEvents: this.#events.recent(recentEventCount),
    };
  }

  /** Any control request; always resolves with one reply. */
  control(request: unknown): Promise<Reply> {
    return this.#dispatch(request);
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
    await this.#fleet.stopClients(reason);
    await this.#events.close();
    await this.#gateway.close();
    await this.#fleet.stopPool(reason);
    await this.#agent.destroy();
    this.#processes.close();
    await removePortsFile(configStatus.path, process.pid);
    this.#broadcast.close();
    await Promise.all([this.#socketDoor.close(), this.#tcpDoor.close(), this.#pageDoor.close()]);
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

  #onTransition({ service, to }: StateTransition): void {
    this.#broadcast.changed();
    if (service === 'mcp') this.#gateway.announceHealth();
    if (to !== 'ready') return;
    this.#listenTo(service);
    if (service === 'dashboard' || service === 'mcp') void this.#writePorts();
  }

  /** Listens to the event stream of a service that has come up, if it offers one. */
  #listenTo(service: string): void {
    const path = this.#streamPath(service);
    if (path === null) return;
    const known = this.#streams.get(service);
    if (known) {
      known.retryNow();
      return;
    }
    const url = () => {
      const { port, state } = this.#fleet.byName(service).status();
      return port !== null && state === 'ready' ? `http://127.0.0.1:${port}${path}` : null;
    };
    this.#streams.set(service, this.#events.addSource(service, { url }));
  }

  #streamPath(service: string): string | null {
    if (service === 'dashboard') return '/api/events/stream';
    const isInstance = this.#fleet.pool?.instance(service) !== undefined;
    return (isInstance && this.#options.context.config.mcp.node.events_path) || null;
  }

  #beat(): Beat {
    const { pool } = this.#fleet;
    const up = pool?.instances.filter((instance) => instance.isUp) ?? [];
    return {
      timestamp_ms: Date.now(),
      mcp_proxy_port: this.#gateway.port,
      pool_base_port:
        pool?.primary?.service.port ?? this.#options.context.config.mcp.pool.base_port,
      pool_instances: up.length,
      mcp_healthy: up.length > 0,
    };
  }

  #controlTarget(): ControlTarget {
    const { mode, setWindowVisible, onShutdownRequest } = this.#options;
    const byHand = 'by hand';
    return {
      mode,
      snapshot: () => this.snapshot(),
      // A start that fails shows in the service's state, with the reason.
      startService: (name) =>
        void this.#fleet
          .byName(name)
          .start()
          .catch(() => {}),
      stopService: (name) => void this.#fleet.byName(name).stop(byHand),
      restartService: (name) =>
        void this.#fleet
          .byName(name)
          .restart(byHand)
          .catch(() => {}),
      history: (name) => this.#fleet.byName(name).history,
      scaleUp: () => this.#fleet.requirePool().scaleUp(),
      upgrade: () => this.#upgrade(),
      closeSession: async (id) => (await this.#fleet.pool?.closeSession(id)) ?? false,
      emitTestEvent: (message) =>
        this.#events.originate({ event_type: 'test', message }, 'control'),
      setEventsEnabled: (enabled) => {
        this.#events.setEnabled(enabled);
        this.#broadcast.changed();
      },
      setWindowVisible,
      shutDown: () => {
        // The reply to this request goes out first.
        setImmediate(onShutdownRequest);
      },
    };
  }

  /** The socket is ours now, so whatever carries this configuration's cookie is left from a dead run. */
  async #endStrays(): Promise<void> {
    const count = await this.#processes.endStrays();
    if (count > 0) this.#options.logger.warn({ count }, 'ended processes that an earlier run left');
  }

  #upgrade(): void {
    const { logger } = this.#options;
    this.#fleet
      .requirePool()
      .upgrade()
      .then(() => logger.info('all MCP instances were replaced'))
      .catch((error: unknown) => {
        logger.error({ err: error }, 'the MCP instances were not replaced; the old ones go on');
      });
  }

  async #tryToOpen(open: () => Promise<void>): Promise<void> {
    try {
      await open();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#options.logger.error(error.message);
    }
  }

  /** Clients find the ports in a file beside the configuration. */
  async #writePorts(): Promise<void> {
    if (this.#stopping) return;
    const { context, configStatus, socketPath, logger } = this.#options;
    const { config } = context;
    const { pool, dashboard, fallbackApi } = this.#fleet;
    const { url } = this.#pageDoor;
    const servers = config.servers.flatMap(({ enabled, name, port }) =>
      enabled && port !== undefined ? [[name, port] as const] : [],
    );
    try {
      await writePortsFile(configStatus.path, {
        schema_version: 1,
        written_at_unix: Math.floor(Date.now() / 1000),
        supervisor_pid: process.pid,
        services: {
          mcp_proxy: this.#gateway.port,
          mcp_pool_base: pool && (pool.primary?.service.port ?? config.mcp.pool.base_port),
          interactive_terminal: null,
          dashboard: dashboard && (dashboard.port ?? config.dashboard.port),
          fallback_api: fallbackApi && (fallbackApi.port ?? config.fallback_api.port),
          gui_server: url === null ? null : Number(new URL(url).port),
          control_tcp: this.#controlTcpPort,
        },
        custom_services: Object.fromEntries(servers),
        control_socket: socketPath,
        page_url: url,
      });
    } catch (error) {
      logger.warn({ err: error }, 'ports.json could not be written; clients use their defaults');
    }
  }
}
