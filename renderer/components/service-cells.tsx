import type { InstanceStatus, ServiceStatus } from '../../shared/status.ts';
import { useBridge } from '../hooks/use-bridge.ts';
import { formatAddress, formatCount, formatQuantity } from '../model/format.ts';
import { browsableUrl, reasonText } from '../model/service-view.ts';
import { Icon } from './icon.tsx';
import { Countdown } from './relative-time.tsx';
import styles from './services-section.module.css';
import table from './table.module.css';

/** What an instance of the pool is busy with. */
export function PoolFigures({ instance }: { readonly instance: InstanceStatus }) {
  return (
    <span className={table.detail}>
      {formatQuantity(instance.sessions, 'session')} · {formatCount(instance.inFlight)} in flight ·{' '}
      {formatQuantity(instance.calls, 'call')}
    </span>
  );
}

/** The reason of the state, what went wrong last, and when it is tried again. */
export function Why({ service }: { readonly service: ServiceStatus }) {
  const { reason, lastError, nextRetryAt, state } = service;
  const trouble = state !== 'ready' && lastError !== null && !reason.includes(lastError);
  return (
    <>
      {reasonText(reason, state)}
      {trouble ? <span className={table.trouble}>{lastError}</span> : null}
      {nextRetryAt === null ? null : (
        <span className={table.detail}>
          Next try <Countdown at={nextRetryAt} />
        </span>
      )}
    </>
  );
}

/** Where the service listens, as a link where a browser shows something; null for nowhere. */
export function addressOf(service: ServiceStatus) {
  const url = browsableUrl(service);
  if (url !== null) return <ExternalLink url={url} />;
  if (service.url !== null) return formatAddress(service.url);
  return service.port === null ? null : `port ${service.port}`;
}

function ExternalLink({ url }: { readonly url: string }) {
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
      {formatAddress(url)}
      <Icon name="external" />
    </a>
  );
}
