import type { ReactNode } from 'react';
import type { InstanceStatus, ServiceStatus } from '../../shared/status.ts';
import { useBridge } from '../hooks/use-bridge.ts';
import type { ServiceActionsHandle } from '../hooks/use-service-actions.ts';
import { formatAddress, formatCount, formatExit, formatQuantity } from '../model/format.ts';
import { browsableUrl, reasonText, runningSince } from '../model/service-view.ts';
import { Icon } from './icon.tsx';
import { Ago, Countdown, Lasting } from './relative-time.tsx';
import styles from './services-section.module.css';
import table from './table.module.css';

interface Props {
  readonly service: ServiceStatus;
}

/** What an instance of the pool is busy with. */
export function PoolFigures({ instance }: { readonly instance: InstanceStatus }) {
  return (
    <span className={table.detail}>
      <span className={table.nowrap}>{formatQuantity(instance.sessions, 'session')} ·</span>{' '}
      <span className={table.nowrap}>{formatCount(instance.inFlight)} in flight ·</span>{' '}
      <span className={table.nowrap}>{formatQuantity(instance.calls, 'call')}</span>
    </span>
  );
}

interface ToggleProps {
  readonly pool: string;
  readonly count: number;
  readonly isFolded: boolean;
  readonly onFold: () => void;
}

/** Shows and hides the instances of a pool. */
export function InstancesToggle({ pool, count, isFolded, onFold }: ToggleProps) {
  return (
    <button
      type="button"
      className={styles.fold}
      aria-expanded={!isFolded}
      title={isFolded ? 'Show the instances' : 'Hide the instances'}
      onClick={onFold}
    >
      {formatQuantity(count, 'instance')}
      <span className="visually-hidden"> of {pool}</span>
    </button>
  );
}

/** How long it has been up, or in the state that it is in. */
export function Span({ service }: Props) {
  const since = runningSince(service);
  return (
    <span className={table.detail}>
      {since === null ? 'for ' : 'up '}
      <Lasting at={since ?? service.since} />
    </span>
  );
}

interface HealthProps extends Props {
  readonly actions: ServiceActionsHandle;
  readonly stopping: boolean;
}

/** The reason of the state, what went wrong last, and when it is tried again. */
export function Health({ service, actions, stopping }: HealthProps) {
  const { lastError, nextRetryAt, state, reason } = service;
  const trouble = state !== 'ready' && lastError !== null && !reason.includes(lastError);
  return (
    <>
      {healthText(service)}
      {trouble ? <span className={table.trouble}>{lastError}</span> : null}
      {nextRetryAt === null ? null : (
        <span className={table.detail}>
          Next try <Countdown at={nextRetryAt} />
          <RetryNow service={service} actions={actions} stopping={stopping} />
        </span>
      )}
    </>
  );
}

/** Why it is in its state; where that goes without saying, how it is or what it waits for. */
function healthText({ reason, state, lastHealthyAt, probe }: ServiceStatus): string {
  const text = reasonText(reason, state);
  if (text !== '') return text;
  if (state === 'starting' && probe) return `Waits for ${probe.ready ?? 'its process'}`;
  return state === 'ready' && lastHealthyAt !== null ? 'Healthy' : '';
}

/** Ends the wait for the next try. */
function RetryNow({ service, actions, stopping }: HealthProps) {
  const unavailable = actions.pending || stopping;
  return (
    <button
      type="button"
      className={styles.retry}
      aria-disabled={unavailable || undefined}
      onClick={unavailable ? undefined : () => actions.act('Start')}
    >
      Retry now<span className="visually-hidden"> {service.displayName}</span>
    </button>
  );
}

/** How often it was started again, and how it ended the last time: `2`, `exit 1, 3 min ago`. */
export function Restarts({ service: { restarts, lastExit } }: Props) {
  return (
    <>
      {formatCount(restarts)}
      {lastExit === null ? null : (
        <span className={table.detail}>
          {formatExit(lastExit)}, <Ago at={lastExit.at} />
        </span>
      )}
    </>
  );
}

/** Where it listens, and which process that is. */
export function Address({ service }: Props) {
  const place = addressOf(service);
  const { pid, processes } = service;
  return (
    <>
      {place}
      {pid === null ? null : (
        <span className={table.detail}>
          pid {pid}
          {(processes ?? 1) > 1 ? ` of ${formatCount(processes ?? 1)}` : ''}
        </span>
      )}
    </>
  );
}

/** Where the service listens, as a link where a browser shows something; null for nowhere. */
export function addressOf(service: ServiceStatus) {
  const url = browsableUrl(service);
  if (url !== null) {
    // Opening the terminal starts it; where it is found says nothing then.
    const isTerminal = service.kind === 'interactive_terminal';
    return <ExternalLink url={url} label={isTerminal ? 'Open' : formatAddress(url)} />;
  }
  if (service.url !== null) return breakable(formatAddress(service.url));
  return service.port === null ? null : `port ${service.port}`;
}

/** A long address goes on in the next line at a slash, and not in the middle of a word. */
function breakable(address: string): ReactNode {
  const [host = '', ...path] = address.split('/');
  return path.reduce<ReactNode>(
    (line, part) => (
      <>
        {line}
        <wbr />/{part}
      </>
    ),
    host,
  );
}

function ExternalLink({ url, label }: { readonly url: string; readonly label: string }) {
  const bridge = useBridge();
  return (
    <a
      className={styles.link}
      href={url}
      onClick={(event) => {
        event.preventDefault();
        void bridge.call('openExternal', url);
      }}
    >
      {label}
      <Icon name="external" />
    </a>
  );
}
