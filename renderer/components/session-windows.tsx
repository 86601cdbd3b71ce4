import type { ClientStatus } from '../../shared/status.ts';
import { formatCount } from '../model/format.ts';
import { windowName, workspaceName } from '../model/session-view.ts';
import { Cell } from './cell.tsx';
import { Ago, Countdown } from './relative-time.tsx';
import { EmptyState, Section } from './section.tsx';
import styles from './session-tables.module.css';
import table from './table.module.css';

/** The windows of editors and agents that said they are there. */
export function SessionWindows({ clients }: { readonly clients: readonly ClientStatus[] }) {
  return (
    <Section title="Windows" note={clients.length === 0 ? undefined : formatCount(clients.length)}>
      {clients.length === 0 ? (
        <EmptyState>
          No editor window is attached. Extensions attach theirs with <code>AttachClient</code>.
        </EmptyState>
      ) : (
        <table className={`${table.table} ${styles.windows}`} data-cards-below="520">
          <thead>
            <tr>
              <th scope="col">Window</th>
              <th scope="col">Workspace</th>
              <th scope="col" className={table.number}>
                Sessions
              </th>
              <th scope="col" className={table.number}>
                Process
              </th>
              <th scope="col">Attached</th>
              <th scope="col">Lease ends</th>
            </tr>
          </thead>
          <tbody>
            {clients.map((client) => (
              <tr key={client.clientId}>
                <th scope="row" data-wide>
                  {windowName(client)}
                  {client.agent === null ? null : (
                    <span className={table.detail}>{client.windowId}</span>
                  )}
                </th>
                <Cell label="Workspace" long>
                  {client.workspace === null ? null : (
                    <span title={client.workspace}>{workspaceName(client.workspace)}</span>
                  )}
                </Cell>
                <Cell label="Sessions" align="number">
                  {formatCount(client.sessionIds.length)}
                </Cell>
                <Cell label="Process" align="number">
                  {client.pid}
                </Cell>
                <Cell label="Attached">
                  <Ago at={client.attachedAt} />
                </Cell>
                <Cell label="Lease ends">
                  {client.leaseUntil === null ? (
                    'with its connection'
                  ) : (
                    <Countdown at={client.leaseUntil} />
                  )}
                </Cell>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
