import { useRef } from 'react';
import type { SessionStatus } from '../../shared/status.ts';
import { useKeptFocus } from '../hooks/use-kept-focus.ts';
import { formatQuantity } from '../model/format.ts';
import { ConnectHelp } from './connect-help.tsx';
import { Section } from './section.tsx';
import { SessionRow } from './session-row.tsx';
import styles from './sessions-section.module.css';
import table from './table.module.css';

interface Props {
  readonly sessions: readonly SessionStatus[];
  readonly mcpUrl: string | null;
}

export function SessionsSection({ sessions, mcpUrl }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useKeptFocus(body, heading);
  const note = sessions.length === 0 ? undefined : formatQuantity(sessions.length, 'session');
  return (
    <Section title="MCP sessions" note={note} headingRef={heading}>
      <div ref={body}>
        {sessions.length === 0 ? (
          <ConnectHelp mcpUrl={mcpUrl} />
        ) : (
          <table className={`${table.table} ${styles.sessions}`} data-cards-below="960">
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col">Instance</th>
                <th scope="col">Protocol</th>
                <th scope="col" className={table.number}>
                  Calls
                </th>
                <th scope="col" className={table.number}>
                  In flight
                </th>
                <th scope="col" className={table.number}>
                  Received
                </th>
                <th scope="col" className={table.number}>
                  Sent
                </th>
                <th scope="col">Opened</th>
                <th scope="col">Last activity</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {sessions.map((session) => (
                <SessionRow key={session.sessionId} session={session} />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Section>
  );
}
