import type { Failover } from '../../shared/status.ts';
import { formatCount } from '../model/format.ts';
import { Cell } from './cell.tsx';
import { Ago } from './relative-time.tsx';
import { EmptyState, Section } from './section.tsx';
import styles from './session-tables.module.css';
import table from './table.module.css';

/** The last sessions that another instance took over. */
export function SessionFailovers({ failovers }: { readonly failovers: readonly Failover[] }) {
  return (
    <Section
      title="Recent failovers"
      note={failovers.length === 0 ? undefined : formatCount(failovers.length)}
    >
      {failovers.length === 0 ? (
        <EmptyState>No session had to move to another instance.</EmptyState>
      ) : (
        <table className={`${table.table} ${styles.failovers}`} data-cards-below="520">
          <thead>
            <tr>
              <th scope="col">Client</th>
              <th scope="col">Pool</th>
              <th scope="col">Moved to</th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {failovers.map((failover) => (
              <tr key={failover.id}>
                <th scope="row">{failover.clientName ?? 'Unknown client'}</th>
                <Cell label="Pool">{failover.pool}</Cell>
                <Cell label="Moved to">{failover.to}</Cell>
                <Cell label="When">
                  <Ago at={failover.at} />
                </Cell>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
