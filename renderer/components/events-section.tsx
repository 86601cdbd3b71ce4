import type { EventStats } from '../../shared/status.ts';
import { formatCount } from '../model/format.ts';
import { EventList } from './event-list.tsx';
import styles from './events-section.module.css';
import { EmptyState, Section } from './section.tsx';
import { SourcesTable } from './sources-table.tsx';
import { SubscribersTable } from './subscribers-table.tsx';
import { TestEventButton } from './test-event-button.tsx';

interface Props {
  readonly stats: EventStats;
}

export function EventsSection({ stats }: Props) {
  return (
    <Section title="Events" actions={<TestEventButton enabled={stats.enabled} />}>
      {stats.enabled ? null : (
        <EmptyState>
          The event channel is switched off: <code>[events] enabled = false</code> in the
          configuration.
        </EmptyState>
      )}
      <JournalProblem journal={stats.journal} />
      <dl className={styles.figures}>
        <Figure name="Emitted" value={stats.published} help="Events since the supervisor started" />
        <Figure name="Delivered" value={stats.delivered} help="Frames handed to subscribers" />
        <Figure
          name="Lagged"
          value={stats.lagged}
          help="Events that slow subscribers had to skip"
        />
        <Figure name="Deduplicated" value={stats.deduplicated} help="Events that came in twice" />
        <Figure name="Rejected" value={stats.rejected} help="Events that were not accepted" />
        <Figure
          name="Gaps"
          value={gapCount(stats.gaps)}
          help="Gaps that subscribers were told of"
        />
        <Figure name="Last id" value={stats.lastId} help="Id of the newest event" />
      </dl>
      <div className={styles.tables}>
        <SubscribersTable subscribers={stats.subscribers} url={stats.url} />
        <SourcesTable sources={stats.sources} />
      </div>
      <EventList />
    </Section>
  );
}

function gapCount(gaps: EventStats['gaps']): number {
  return Object.values(gaps).reduce((sum, each) => sum + each, 0);
}

function JournalProblem({ journal }: { readonly journal: EventStats['journal'] }) {
  if (journal.lastError === null) return null;
  const says =
    journal.state === 'on' ? 'The event journal had a problem' : 'Events are in memory only';
  return (
    <p className={styles.problem} role="status">
      {says}: {journal.lastError}
    </p>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: number;
  readonly help: string;
}

function Figure({ name, value, help }: FigureProps) {
  return (
    <div className={styles.figure} title={help}>
      <dt>{name}</dt>
      <dd>{name === 'Last id' ? value : formatCount(value)}</dd>
    </div>
  );
}
