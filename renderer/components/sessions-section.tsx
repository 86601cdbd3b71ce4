import { useRef } from 'react';
import type { ClientStatus, SessionStatus } from '../../shared/status.ts';
import { useKeptFocus } from '../hooks/use-kept-focus.ts';
import { formatQuantity } from '../model/format.ts';
import { windowName, windowOf } from '../model/session-view.ts';
import { ConnectHelp } from './connect-help.tsx';
import { Section } from './section.tsx';
import { SessionRow } from './session-row.tsx';
import styles from './sessions-section.module.css';
import table from './table.module.css';

interface Props {
  readonly sessions: readonly SessionStatus[];
  readonly clients: readonly ClientStatus[];
  readonly mcpUrl: string | null;
}

const columns: readonly { readonly name: string; readonly number?: true }[] = [
  { name: 'Client' },
  { name: 'Window' },
  { name: 'Instance' },
  { name: 'Calls', number: true },
  { name: 'In flight', number: true },
  { name: 'Errors', number: true },
  { name: 'Moves', number: true },
  { name: 'In / out', number: true },
  { name: 'Opened' },
  { name: 'Idle' },
];

export function SessionsSection({ sessions, clients, mcpUrl }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useKeptFocus(body, heading);
  const note = sessions.length === 0 ? undefined : formatQuantity(sessions.length, 'session');
  const nameOf = (session: SessionStatus) => {
    const window = windowOf(session, clients);
    return window === null ? null : windowName(window);
  };
  return (
    <Section title="MCP sessions" note={note} headingRef={heading}>
      <div ref={body}>
        {sessions.length === 0 ? (
          <ConnectHelp mcpUrl={mcpUrl} />
        ) : (
          <table className={`${table.table} ${styles.sessions}`} data-cards-below="960">
            <thead>
              <tr>
                {columns.map(({ name, number }) => (
                  <th key={name} scope="col" className={number ? table.number : undefined}>
                    {name}
                  </th>
                ))}
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {sessions.map((session) => (
                <SessionRow key={session.sessionId} session={session} window={nameOf(session)} />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Section>
  );
}
