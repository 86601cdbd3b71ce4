import { memo } from 'react';
import type { SessionStatus } from '../../shared/status.ts';
import { useControl } from '../hooks/use-control.ts';
import { formatBytes, formatCount } from '../model/format.ts';
import { workspaceName } from '../model/session-view.ts';
import { IconButton } from './button.tsx';
import { Cell } from './cell.tsx';
import { Refusal } from './refusal.tsx';
import { Ago, Lasting } from './relative-time.tsx';
import styles from './sessions-section.module.css';
import table from './table.module.css';

interface Props {
  readonly session: SessionStatus;
  /** The attached window it belongs to; null where it said none. */
  readonly window: string | null;
}

/** How many columns the table has. */
const columns = 11;

export const SessionRow = memo(function SessionRow({ session, window }: Props) {
  const { pending, error, send, dismiss } = useControl();
  const client = session.clientName ?? 'Unknown client';
  return (
    <>
      <tr aria-busy={pending || undefined}>
        <th scope="row" className={styles.client} title={`Session ${session.sessionId}`}>
          {client}
          {session.clientVersion === null ? null : (
            <span className={styles.version}> {session.clientVersion}</span>
          )}
          {session.workspace === null ? null : (
            <span className={table.detail} title={session.workspace}>
              {workspaceName(session.workspace)}
            </span>
          )}
        </th>
        <Cell label="Window">{window}</Cell>
        <Cell label="Instance">
          {session.instance ?? 'moving'}
          <span className={table.detail}>
            {session.protocolVersion ?? 'unknown'}
            {session.transport === 'sse' ? ' SSE' : null}
          </span>
        </Cell>
        <Cell label="Calls" align="number">
          {formatCount(session.calls)}
        </Cell>
        <Cell label="In flight" align="number">
          {formatCount(session.inFlight)}
        </Cell>
        <Cell label="Errors" align="number">
          {formatCount(session.errors)}
        </Cell>
        <Cell label="Moves" align="number">
          {formatCount(session.moves)}
        </Cell>
        <Cell label="In / out" align="number">
          {formatBytes(session.bytesIn)}
          <span className={table.detail}>{formatBytes(session.bytesOut)}</span>
        </Cell>
        <Cell label="Opened">
          <Ago at={session.openedAt} />
        </Cell>
        <Cell label="Idle">
          {session.inFlight > 0 ? 'working' : <Lasting at={session.lastActivityAt} />}
        </Cell>
        <td className={styles.actions}>
          <IconButton
            icon="close"
            label={`Close the session of ${client}`}
            title="Close session"
            unavailable={pending}
            onPress={() => void send({ type: 'CloseMcpConnection', session_id: session.sessionId })}
          />
        </td>
      </tr>
      {error === null ? null : (
        <tr className={styles.refusal}>
          <td colSpan={columns} data-wide>
            <Refusal attempt={`Close the session of ${client}`} error={error} onDismiss={dismiss} />
          </td>
        </tr>
      )}
    </>
  );
});
