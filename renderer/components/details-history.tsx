import type { ServiceStatus } from '../../shared/status.ts';
import { useAsked } from '../hooks/use-asked.ts';
import { useNow } from '../hooks/use-now.ts';
import { formatExit, formatMoment } from '../model/format.ts';
import { isServiceState, reasonText } from '../model/service-view.ts';
import { StateBadge } from './badge.tsx';
import styles from './details.module.css';
import { EmptyState, SubSection } from './section.tsx';

/** The newest changes of state; older ones are in the supervisor's log. */
const shownChanges = 50;

/** How the service came to be in its state, newest first. */
export function DetailsHistory({ service }: { readonly service: ServiceStatus }) {
  const now = useNow('calm');
  const { data, error } = useAsked<'StateEvents'>(
    { type: 'StateEvents', service: service.name, limit: shownChanges },
    // A change of state has a moment of its own.
    `${service.state} ${service.since}`,
    null,
  );
  if (data === null || data.length === 0) {
    return (
      <SubSection title="History">
        <EmptyState>
          {error ?? (data === null ? 'Looking…' : 'Its state has not changed yet.')}
        </EmptyState>
      </SubSection>
    );
  }
  return (
    <SubSection title="History" note={data.length === shownChanges ? `last ${shownChanges}` : ''}>
      <ol className={styles.history} aria-label="Changes of state, newest first">
        {data.toReversed().map((change, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two changes may be alike in everything
          <li className={styles.change} key={data.length - index}>
            <time
              className={styles.moment}
              dateTime={new Date(change.timestamp * 1_000).toISOString()}
            >
              {formatMoment(change.timestamp * 1_000, now)}
            </time>
            {isServiceState(change.new_state) ? (
              <StateBadge state={change.new_state} />
            ) : (
              change.new_state
            )}
            <span className={styles.reason}>
              {isServiceState(change.new_state)
                ? reasonText(change.reason, change.new_state)
                : change.reason}
              {change.exit === null ? null : (
                <span className={styles.exit}> {formatExit({ ...change.exit, at: '' })}</span>
              )}
            </span>
          </li>
        ))}
      </ol>
    </SubSection>
  );
}
