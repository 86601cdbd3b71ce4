import type { StampedEvent } from '../../shared/events.ts';
import type { StatusSnapshot } from '../../shared/status.ts';
import { ConfigProblems } from './config-problems.tsx';
import { EventsSection } from './events-section.tsx';
import { PageHeader } from './page-header.tsx';
import { ServicesSection } from './services-section.tsx';
import { SessionsSection } from './sessions-section.tsx';
import { StateAnnouncer } from './state-announcer.tsx';
import styles from './status-page.module.css';

interface Props {
  readonly snapshot: StatusSnapshot;
  /** Newest first. */
  readonly events: readonly StampedEvent[];
  /** The data is from before the connection was lost. */
  readonly stale: boolean;
}

export function StatusPage({ snapshot, events, stale }: Props) {
  return (
    <div className={styles.page} data-stale={stale || undefined}>
      <PageHeader snapshot={snapshot} />
      <main className={styles.main}>
        <ConfigProblems config={snapshot.config} />
        <ServicesSection snapshot={snapshot} />
        <SessionsSection sessions={snapshot.sessions} mcpUrl={snapshot.mcpUrl} />
        <EventsSection stats={snapshot.events} events={events} />
      </main>
      <StateAnnouncer services={snapshot.services} />
    </div>
  );
}
