import { useCallback, useState } from 'react';
import type { StampedEvent } from '../../shared/events.ts';
import { useAtMostEvery } from '../hooks/use-at-most-every.ts';
import { newerCount } from '../model/event-list.ts';
import { Button } from './button.tsx';
import styles from './event-list.module.css';
import { EventRow } from './event-row.tsx';

/** A flood of events is not read line by line: two redraws a second leave the page free for input. */
const redrawGapMs = 500;

/** The live list, newest first. Pausing freezes it; so does opening a row, which is being read. */
export function EventList({ events }: { readonly events: readonly StampedEvent[] }) {
  const [frozen, setFrozen] = useState<readonly StampedEvent[] | null>(null);
  const current = useAtMostEvery(redrawGapMs, events);
  const shown = frozen ?? current;
  const freeze = useCallback(() => setFrozen((already) => already ?? current), [current]);

  return (
    <section aria-labelledby="live-events">
      <div className={styles.head}>
        <h3 className={styles.title} id="live-events">
          Live
        </h3>
        {frozen === null ? null : (
          <span className={styles.note}>Paused · {newerCount(events, frozen)} new</span>
        )}
        <span className={styles.toggle}>
          {frozen === null ? (
            <Button icon="pause" onPress={freeze}>
              Pause
            </Button>
          ) : (
            <Button icon="start" onPress={() => setFrozen(null)}>
              Resume
            </Button>
          )}
        </span>
      </div>
      {shown.length === 0 ? (
        <p className={styles.empty}>No event yet. Send a test event to see one.</p>
      ) : (
        <div className={styles.scroller}>
          <div className={styles.columns} aria-hidden="true">
            <span />
            <span>Id</span>
            <span>Time</span>
            <span>Type</span>
            <span>Workspace / plan</span>
            <span>Source</span>
          </div>
          <ol aria-label="Events, newest first">
            {shown.map((event) => (
              <EventRow key={event.id} event={event} onOpen={freeze} />
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}
