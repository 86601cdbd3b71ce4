/** What control requests do to the running supervisor: each verb's way to the room that can. */
import type { StampedEvent } from '../../shared/events.ts';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { Broadcast } from './broadcast.ts';
import type { ControlTarget } from './control/target.ts';
import type { OwnTarget } from './control-room.ts';
import { examine } from './doctor/checks.ts';
import { gatherFacts } from './doctor/facts.ts';
import type { EventRoom } from './events/event-room.ts';
import type { Fleet } from './fleet.ts';
import type { Observer } from './observer.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface ControlledParts {
  readonly host: {
    readonly mode: ControlTarget['mode'];
    readonly logger: Logger;
    readonly setWindowVisible: (visible: boolean) => void;
    /** Somebody asked for the end. */
    readonly onShutdownRequest: () => void;
    readonly context: { readonly env: NodeJS.ProcessEnv };
  };
  readonly fleet: Fleet;
  readonly observer: Observer;
  readonly events: EventRoom;
  readonly metrics: Metrics;
  readonly broadcast: Broadcast<StatusSnapshot, StampedEvent>;
  readonly snapshot: () => StatusSnapshot;
  readonly dataDir: string;
  /** Null where control goes over a pipe. */
  readonly socketFile: string | null;
  /** Processes with our cookie that no service of this run has started. */
  readonly strays: () => Promise<readonly number[]>;
}

const byHand = 'by hand';

/** The whole of what the commands can reach. */
export function controlTarget(parts: ControlledParts, own: OwnTarget): ControlTarget {
  const { host, fleet, observer, events, broadcast } = parts;
  let isWindowWanted = false;
  // A start that fails shows in the service's state, with the reason.
  const shown = (start: Promise<void>) => void start.catch(() => {});
  return {
    ...own,
    mode: host.mode,
    snapshot: parts.snapshot,
    glance: () => observer.glance(),
    startService: (name) => shown(fleet.byName(name).start()),
    stopService: (name) => void fleet.byName(name).stop(byHand),
    restartService: (name) => shown(fleet.byName(name).restart(byHand)),
    history: (name) => fleet.byName(name).history,
    logs: (name, query) => observer.logs(name, query),
    processTree: (name) => observer.processTree(name),
    trends: () => parts.metrics.trends.report(),
    get backend() {
      return fleet.backend.active;
    },
    setBackend: (name) => {
      const pool = fleet.requirePool('mcp');
      return fleet.backend.change(name, () => pool.upgrade());
    },
    scaleUp: (pool) => fleet.requirePool(pool).scaleUp(),
    upgrade: (pool) => beginUpgrade(parts, pool),
    closeSession: (id) => fleet.closeSession(id),
    emitTestEvent: (message) => events.originate({ event_type: 'test', message }, 'control'),
    publishEvent: (event, source) => ({ event: events.publish(event, source) }),
    setEventsEnabled: (enabled) => {
      events.setEnabled(enabled);
      broadcast.changed();
    },
    doctor: async () => {
      const { snapshot, dataDir, socketFile: socketPath, strays } = parts;
      const { env } = host.context;
      return examine(await gatherFacts({ snapshot, dataDir, socketPath, strays, env }));
    },
    get isWindowWanted() {
      return isWindowWanted;
    },
    setWindowVisible: (visible) => {
      isWindowWanted = visible;
      host.setWindowVisible(visible);
    },
    shutDown: () => {
      // The reply to this request goes out first.
      setImmediate(host.onShutdownRequest);
    },
  };
}

function beginUpgrade({ fleet, host }: ControlledParts, pool: string): void {
  const { logger } = host;
  fleet
    .requirePool(pool)
    .upgrade()
    .then(() => logger.info({ pool }, 'all MCP instances were replaced'))
    .catch((error: unknown) => {
      logger.error({ err: error, pool }, 'the MCP instances were not replaced; the old ones go on');
    });
}
