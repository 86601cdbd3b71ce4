import type { SourceStatus } from '../../shared/status.ts';
import { formatAddress, formatCount } from '../model/format.ts';
import { SourceBadge } from './badge.tsx';
import { Cell } from './cell.tsx';
import { Ago, Countdown } from './relative-time.tsx';
import { EmptyState, SubSection } from './section.tsx';
import styles from './stream-tables.module.css';
import table from './table.module.css';

export function SourcesTable({ sources }: { readonly sources: readonly SourceStatus[] }) {
  return (
    <SubSection title="Sources" note={formatCount(sources.length)}>
      {sources.length === 0 ? (
        <EmptyState>No source feeds the channel.</EmptyState>
      ) : (
        <table className={`${table.table} ${styles.sources}`} data-cards-below="520">
          <thead>
            <tr>
              <th scope="col">Source</th>
              <th scope="col">State</th>
              <th scope="col" className={table.number}>
                Received
              </th>
              <th scope="col">Last event</th>
            </tr>
          </thead>
          <tbody>
            {sources.map((source) => (
              <SourceRow key={`${source.kind} ${source.name}`} source={source} />
            ))}
          </tbody>
        </table>
      )}
    </SubSection>
  );
}

function SourceRow({ source }: { readonly source: SourceStatus }) {
  return (
    <tr>
      <th scope="row" data-wide>
        {source.name}
        {source.kind === source.name ? null : <span className={styles.kind}> {source.kind}</span>}
        {source.url === null ? null : (
          <span className={table.detail}>{formatAddress(source.url)}</span>
        )}
        {source.lastError === null ? null : (
          <span className={table.trouble}>{source.lastError}</span>
        )}
      </th>
      <td data-wide>
        <SourceBadge state={source.state} />
        {source.nextRetryAt === null ? null : (
          <span className={table.detail}>
            Next try <Countdown at={source.nextRetryAt} />
          </span>
        )}
      </td>
      <Cell label="Received" align="number">
        {formatCount(source.received)}
      </Cell>
      <Cell label="Last event">
        {source.lastEventAt === null ? null : <Ago at={source.lastEventAt} />}
      </Cell>
    </tr>
  );
}
