/**
 * Everything of the control plane, put together: what can be asked (commands), the doors over which it is,
 * the attached windows and the form apps.
 */
import { pageAddress } from '../../shared/config-access.ts';
import type { Reply } from '../../shared/control-protocol.ts';
import type { StampedEvent } from '../../shared/events.ts';
import type {
  ClientStatus,
  DoorStatus,
  SessionStatus,
  StateTransition,
  StatusSnapshot,
} from '../../shared/status.ts';
import { Clients } from './clients/clients.ts';
import { createCommands } from './control/commands.ts';
import type { ConfigDesk } from './control/config-commands.ts';
import { createDispatcher, type Dispatch } from './control/dispatcher.ts';
import { Doorway } from './control/doorway.ts';
import { LineDoor } from './control/line-door.ts';
import { PageDoor, type PageDoorOptions } from './control/page-door.ts';
import type { ControlTarget } from './control/target.ts';
import { TokenCheck } from './control/token-check.ts';
import { followLines } from './follow-lines.ts';
import { formApps } from './form-apps.ts';
import { FormApps } from './forms/form-apps.ts';
import type { LaunchContext } from './launches.ts';
import { Listeners } from './listeners.ts';
import type { OutputRing } from './services/output.ts';
import type { ProcessHost } from './services/process-host.ts';
import type { Logger } from './telemetry/logger.ts';

export interface ControlRoomOptions {
  /** Its `config` is the one that runs, whenever it is asked. */
  readonly context: LaunchContext;
  readonly processes: ProcessHost;
  readonly socketPath: string;
  /** Asked at each request, for it may change. */
  readonly token: () => string;
  readonly pageFolder: string;
  /** Null while there is no built-in one. */
  readonly terminal: () => PageDoorOptions['terminal'];
  /** The configuration file and what runs of it. */
  readonly config: ConfigDesk;
  readonly logger: Logger;
  readonly sessions: () => readonly SessionStatus[];
  /** The output of a service; throws `unknown_service`. */
  readonly output: (service: string) => OutputRing;
  readonly onSnapshot: (listener: (snapshot: StatusSnapshot) => void) => () => void;
  readonly onEvents: (listener: (events: readonly StampedEvent[]) => void) => () => void;
  /** A snapshot shows something new. */
  readonly onChange: () => void;
  /** A door has opened after all. */
  readonly onAddress: () => void;
  readonly onShutdownRequest: () => void;
  /** All that the commands can reach, but for what is here. */
  readonly target: (own: OwnTarget) => ControlTarget;
}

/** What the room itself adds to what the commands can reach. */
export type OwnTarget = Pick<
  ControlTarget,
  'config' | 'clients' | 'watching' | 'launchApp' | 'continueApp'
>;

export class ControlRoom {
  readonly page: PageDoor;
  readonly #options: ControlRoomOptions;
  readonly #clients: Clients;
  readonly #apps: FormApps;
  readonly #dispatch: Dispatch;
  readonly #transitions = new Listeners<StateTransition>();
  readonly #socketDoor: LineDoor;
  readonly #tcpDoor: LineDoor;
  readonly #doorways: readonly Doorway[];
  #tcpPort: number | null = null;
  /** Every door has been tried. */
  #isOpen = false;

  constructor(options: ControlRoomOptions) {
    this.#options = options;
    const { context, logger, pageFolder, onSnapshot, onEvents } = options;
    const { supervisor, auth } = context.config;
    this.#clients = new Clients({
      sessions: options.sessions,
      onChange: options.onChange,
      emptyAfterMs: () => context.config.supervisor.shutdown_when_last_client_leaves_s * 1_000,
      onEmpty: () => {
        logger.info('the last attached window has gone; shutting down');
        options.onShutdownRequest();
      },
    });
    this.#apps = new FormApps({ ...formApps(context, options.processes), logger });
    this.#dispatch = createDispatcher(
      createCommands(options.target(this.#own())),
      (request, caller) => this.#clients.heardOf(caller.connection, clientIdIn(request)),
    );
    const tokens = new TokenCheck({
      get token() {
        return options.token();
      },
      logger,
      now: () => performance.now(),
    });
    this.#socketDoor = new LineDoor(this.#dispatch, logger);
    this.#tcpDoor = new LineDoor(
      this.#dispatch,
      logger,
      tokens.admission(auth.control_tcp_token ? 'for everything' : 'for the file'),
    );
    this.page = new PageDoor({
      dispatch: this.#dispatch,
      tokens,
      pageFolder,
      onSnapshot,
      onEvents,
      get token() {
        return options.token();
      },
      get terminal() {
        return options.terminal();
      },
    });
    this.#doorways = [
      this.#socketDoorway(supervisor.control_socket),
      this.#tcpDoorway(supervisor.control_tcp),
      this.#pageDoorway(),
    ];
  }

  get dispatch(): (request: unknown) => Promise<Reply> {
    return this.#dispatch;
  }

  /** The TCP port of control requests; null while that door is shut. */
  get tcpPort(): number | null {
    return this.#tcpPort;
  }

  get clients(): readonly ClientStatus[] {
    return this.#clients.list();
  }

  get doors(): readonly DoorStatus[] {
    return this.#doorways.map((door) => door.status());
  }

  /** The socket or pipe is open. */
  get hasSocket(): boolean {
    return this.doors.some(({ name, state }) => name === 'socket' && state === 'open');
  }

  /** Tries each door once; those that cannot be opened now are tried again in the background. */
  async open(): Promise<void> {
    await Promise.all(this.#doorways.map((door) => door.open()));
    this.#isOpen = true;
  }

  /** A service has changed its state: whoever watches is told. */
  tell(transition: StateTransition): void {
    this.#transitions.tell(transition);
  }

  /** Ends the form apps, which are processes of ours. */
  async endApps(): Promise<void> {
    await this.#apps.close();
  }

  async close(): Promise<void> {
    this.#clients.close();
    await Promise.all(this.#doorways.map((door) => door.close()));
    await Promise.all([this.#socketDoor.close(), this.#tcpDoor.close(), this.page.close()]);
  }

  #own(): OwnTarget {
    const { onSnapshot, onEvents, output } = this.#options;
    return {
      config: this.#options.config,
      clients: this.#clients,
      watching: {
        onSnapshot,
        onEvents,
        onTransition: (listener) => this.#transitions.add(listener),
        onLines: (service, listener) => followLines(output(service), listener),
      },
      launchApp: (name, payload, timeoutMs) => this.#apps.launch(name, payload, timeoutMs),
      continueApp: (id, payload, timeoutMs) => this.#apps.continue(id, payload, timeoutMs),
    };
  }

  #socketDoorway(isOn: boolean): Doorway {
    const { socketPath } = this.#options;
    return this.#doorway('socket', isOn, socketPath, async () => {
      await this.#socketDoor.listenSocket(socketPath);
      return socketPath;
    });
  }

  #tcpDoorway(isOn: boolean): Doorway {
    const port = this.#options.context.config.supervisor.control_tcp_port;
    return this.#doorway('tcp', isOn, `127.0.0.1:${port}`, async () => {
      this.#tcpPort = await this.#tcpDoor.listenTcp(port);
      return `127.0.0.1:${this.#tcpPort}`;
    });
  }

  #pageDoorway(): Doorway {
    const { enabled, port, bind_address } = this.#options.context.config.gui_server;
    const address = pageAddress(bind_address);
    return this.#doorway('page', enabled, `${address}:${port}`, async () => {
      await this.page.listen(port, address);
      return this.page.url ?? '';
    });
  }

  #doorway(
    name: DoorStatus['name'],
    isOn: boolean,
    address: string,
    open: () => Promise<string>,
  ): Doorway {
    const { logger, onChange, onAddress } = this.#options;
    return new Doorway({
      name,
      isOff: !isOn,
      address,
      open,
      logger,
      onChange: (isOpen) => {
        onChange();
        if (isOpen && this.#isOpen) onAddress();
      },
    });
  }
}

/** Any request may name the client it comes from. */
function clientIdIn(request: object): string | null {
  const id = 'client_id' in request ? request.client_id : null;
  return typeof id === 'string' ? id : null;
}
