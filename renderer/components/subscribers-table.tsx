import type { SubscriberStatus } from '../../shared/status.ts';
import { formatBytes, formatCount } from '../model/format.ts';
import { Cell } from './cell.tsx';
import { Ago } from './relative-time.tsx';
import { EmptyState, SubSection } from './section.tsx';
import styles from './stream-tables.module.css';
import table from './table.module.css';

interface Props {
  readonly subscribers: readonly SubscriberStatus[];
  /** Where subscribers connect. */
  readonly url: string;
}

export function SubscribersTable({ subscribers, url }: Props) {
  return (
    <SubSection title="Subscribers" note={formatCount(subscribers.length)}>
      {subscribers.length === 0 ? (
        <EmptyState>
          Nobody listens. Subscribe at <code className={styles.url}>{url}</code>
        </EmptyState>
      ) : (
        <table className={`${table.table} ${styles.subscribers}`} data-cards-below="520">
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Since</th>
              <th scope="col" className={table.number}>
                Sent
              </th>
              <th scope="col" className={table.number}>
                Bytes
              </th>
              <th scope="col" className={table.number}>
                Lagged
              </th>
              <th scope="col" className={table.number}>
                Last id
              </th>
            </tr>
          </thead>
          <tbody>
            {subscribers.map((subscriber) => (
              <tr key={subscriber.id}>
                <th scope="row" data-wide>
                  <span className={styles.who} title={subscriber.userAgent ?? undefined}>
                    {subscriber.label ?? subscriber.userAgent ?? `Subscriber ${subscriber.id}`}
                  </span>
                  <span className={table.detail}>{subscriber.address}</span>
                  {subscriber.filter === null ? null : (
                    <span className={table.detail}>{subscriber.filter}</span>
                  )}
                </th>
                <Cell label="Since">
                  <Ago at={subscriber.since} />
                </Cell>
                <Cell label="Sent" align="number">
                  {formatCount(subscriber.sent)}
                </Cell>
                <Cell label="Bytes" align="number">
                  {formatBytes(subscriber.bytes)}
                </Cell>
                <Cell label="Lagged" align="number">
                  {formatCount(subscriber.lagged)}
                </Cell>
                <Cell label="Last id" align="number">
                  {subscriber.lastId}
                </Cell>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </SubSection>
  );
}
