import { memo } from 'react';
import type { SessionStatus } from '../../shared/status.ts';
import { useControl } from '../hooks/use-control.ts';
import { formatBytes, formatCount } from '../model/format.ts';
import { IconButton } from './button.tsx';
import { Cell } from './cell.tsx';
import { Refusal } from './refusal.tsx';
import { Ago } from './relative-time.tsx';
import styles from './sessions-section.module.css';
import table from './table.module.css';

export const SessionRow = memo(function SessionRow({
  session,
}: {
  readonly session: SessionStatus;
}) {
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
        </th>
        <Cell label="Instance">{session.instance}</Cell>
        <Cell label="Protocol">
          {session.protocolVersion ?? 'unknown'}
          {session.transport === 'sse' ? <span className={table.muted}> SSE</span> : null}
        </Cell>
        <Cell label="Calls" align="number">
          {formatCount(session.calls)}
        </Cell>
        <Cell label="In flight" align="number">
          {formatCount(session.inFlight)}
        </Cell>
        <Cell label="Received" align="number">
          {formatBytes(session.bytesIn)}
        </Cell>
        <Cell label="Sent" align="number">
          {formatBytes(session.bytesOut)}
        </Cell>
        <Cell label="Opened">
          <Ago at={session.openedAt} />
        </Cell>
        <Cell label="Last activity">
          <Ago at={session.lastActivityAt} />
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
          <td colSpan={10} data-wide>
            <Refusal attempt={`Close the session of ${client}`} error={error} onDismiss={dismiss} />
          </td>
        </tr>
      )}
    </>
  );
});
