/** A pool as one service; the main one under the name that old clients know: `mcp`. */
import type {
  ServiceState,
  ServiceStatus,
  StateTransition,
  UpgradeStatus,
} from '../../../shared/status.ts';
import { displayName } from '../../../shared/wording.ts';
import type { Instance } from './instance.ts';

/** The same bound as for every service. */
const keptTransitions = 200;

/** The state of the pool from its instances' states, most telling first. */
export function poolState(states: readonly ServiceState[], wanted: boolean): ServiceState {
  if (!wanted && states.every((state) => state === 'stopped' || state === 'failed')) {
    return 'stopped';
  }
  const order: readonly ServiceState[] = [
    'ready',
    'unhealthy',
    'starting',
    'backing_off',
    'crash_loop',
    'failed',
    'stopping',
  ];
  return order.find((state) => states.includes(state)) ?? 'stopped';
}

export interface PoolStateOptions {
  /** The name of the pool. */
  readonly name: string;
  /** Its instances run only while they are needed. */
  readonly onDemand: boolean;
  readonly onTransition: (transition: StateTransition) => void;
}

/** Remembers the pool's state and its changes. */
export class PoolState {
  readonly history: StateTransition[] = [];
  /** Its instances run only while they are needed. */
  onDemand: boolean;
  readonly #options: PoolStateOptions;
  #state: ServiceState = 'stopped';
  #since = new Date();
  #reason = 'not started yet';

  constructor(options: PoolStateOptions) {
    this.#options = options;
    this.onDemand = options.onDemand;
  }

  get state(): ServiceState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  /** Takes over the instances' states; tells when the pool's has changed with them. */
  note(instances: readonly Instance[], wanted: boolean, reason: string): void {
    const from = this.#state;
    const to = poolState(
      instances.map((instance) => instance.service.state),
      wanted,
    );
    if (to === from) return;
    this.#state = to;
    this.#since = new Date();
    this.#reason = reason;
    this.#tell(from, reason);
  }

  /** It is empty on purpose, and why. */
  rest(reason: string): void {
    this.#reason = reason;
  }

  /** Writes into the history what happened to an instance while the pool as a whole went on as it was. */
  record(reason: string): void {
    this.#tell(this.#state, reason);
  }

  #tell(from: ServiceState, reason: string): void {
    const at = new Date().toISOString();
    const { name, onTransition } = this.#options;
    const transition: StateTransition = { service: name, from, to: this.#state, reason, at };
    this.history.push(transition);
    if (this.history.length > keptTransitions) this.history.shift();
    onTransition(transition);
  }

  status(
    instances: readonly Instance[],
    primary: Instance | undefined,
    upgrade: UpgradeStatus | null,
  ): ServiceStatus {
    const { onDemand } = this;
    const { name } = this.#options;
    const each = instances.map((instance) => instance.service.status());
    const telling = each.find((status) => status.state === this.#state) ?? each[0];
    return {
      name,
      displayName: displayName(name),
      kind: 'mcp_pool',
      state: this.#state,
      reason: this.#reason,
      since: this.#since.toISOString(),
      pid: primary?.service.status().pid ?? null,
      port: primary?.service.port ?? null,
      url: null,
      restarts: each.reduce((sum, status) => sum + status.restarts, 0),
      lastExit: telling?.lastExit ?? null,
      nextRetryAt: telling?.nextRetryAt ?? null,
      lastHealthyAt: newest(each.map((status) => status.lastHealthyAt)),
      lastError: telling?.lastError ?? null,
      onDemand,
      upgrade,
    };
  }
}

function newest(times: readonly (string | null)[]): string | null {
  return times.reduce((best, time) => (best === null || (time ?? '') > best ? time : best), null);
}
