import { useCallback, useMemo, useState } from 'react';
import { eventTypes, type StampedEvent } from '../../shared/events.ts';
import { useAtMostEvery } from '../hooks/use-at-most-every.ts';
import { type EventFilter, eventRows, everyEvent } from '../model/event-filter.ts';
import { newerCount } from '../model/event-list.ts';
import { Button } from './button.tsx';
import styles from './event-list.module.css';
import { EventRow } from './event-row.tsx';
import { SearchField } from './search-field.tsx';

/** A flood of events is not read line by line: two redraws a second leave the page free for input. */
const redrawGapMs = 500;

/** The live list, newest first. Pausing freezes it; so does opening a row, which is being read. */
export function EventList({ events }: { readonly events: readonly StampedEvent[] }) {
  const [frozen, setFrozen] = useState<readonly StampedEvent[] | null>(null);
  const [filter, setFilter] = useState(everyEvent);
  const current = useAtMostEvery(redrawGapMs, events);
  const shown = frozen ?? current;
  const rows = useMemo(() => eventRows(shown, filter), [shown, filter]);
  const freeze = useCallback(() => setFrozen((already) => already ?? current), [current]);

  return (
    <section aria-labelledby="live-events">
      <div className={styles.head}>
        <h3 className={styles.title} id="live-events">
          Live
        </h3>
        <span className={styles.note} role="status">
          {noteOf(shown.length, rows.length)}
        </span>
        {frozen === null ? null : (
          <span className={styles.note}>Paused · {newerCount(events, frozen)} new</span>
        )}
        <div className={styles.tools}>
          <FilterFields filter={filter} onChange={setFilter} />
          {frozen === null ? (
            <Button icon="pause" onPress={freeze}>
              Pause
            </Button>
          ) : (
            <Button icon="start" onPress={() => setFrozen(null)}>
              Resume
            </Button>
          )}
        </div>
      </div>
      {rows.length === 0 ? (
        <div className={styles.empty}>
          {shown.length === 0 ? (
            <p>No event yet. Send a test event to see one.</p>
          ) : (
            <>
              <p>None of the last {shown.length} events is like that.</p>
              <Button onPress={() => setFilter(everyEvent)}>Show all</Button>
            </>
          )}
        </div>
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
            {rows.map(({ event, gap }) => (
              <EventRow
                key={event.id}
                event={event}
                missingFrom={gap?.from ?? null}
                missingTo={gap?.to ?? null}
                onOpen={freeze}
              />
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}

/** Says nothing while nothing is hidden: a count that grows by itself would be read out for ever. */
function noteOf(all: number, shown: number): string {
  return shown === all || shown === 0 ? '' : `${shown} of ${all}`;
}

interface FilterProps {
  readonly filter: EventFilter;
  readonly onChange: (filter: EventFilter) => void;
}

function FilterFields({ filter, onChange }: FilterProps) {
  return (
    <>
      <select
        className={styles.select}
        aria-label="Type of event"
        value={filter.type}
        onChange={(event) => onChange({ ...filter, type: event.target.value })}
      >
        <option value="">All types</option>
        {eventTypes.map((type) => (
          <option key={type} value={type}>
            {type}
          </option>
        ))}
      </select>
      <SearchField
        label="Find an event"
        value={filter.text}
        onChange={(text) => onChange({ ...filter, text })}
      />
    </>
  );
}
