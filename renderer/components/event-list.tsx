import { useCallback, useMemo, useRef, useState } from 'react';
import { eventTypes, type StampedEvent } from '../../shared/events.ts';
import { onArrowKeys } from '../hooks/arrow-keys.ts';
import { useAtMostEvery } from '../hooks/use-at-most-every.ts';
import { useKeptFocus } from '../hooks/use-kept-focus.ts';
import { useEvents } from '../hooks/use-page-state.ts';
import { type EventFilter, eventRows, everyEvent } from '../model/event-filter.ts';
import { newerCount } from '../model/event-list.ts';
import { Button } from './button.tsx';
import styles from './event-list.module.css';
import { EventRow } from './event-row.tsx';
import { SearchField } from './search-field.tsx';
import { Select } from './select.tsx';

/** A flood of events is not read line by line: two redraws a second leave the page free for input. */
const redrawGapMs = 500;

/** While the list runs, no more rows than are in sight: in a flood each of them is a new one at each redraw. */
const liveRows = 20;

const typeChoices = [
  ['', 'All types'],
  ...eventTypes.map((type) => [type, type] as const),
] as const;

/** Scrolled further down than this, in px, somebody reads what is there. */
const readingPx = 8;

/**
 * The live list, newest first. Pausing freezes it; so does whatever shows that somebody reads it: a row that
 * is opened or gets the focus, and scrolling down.
 */
export function EventList() {
  const events = useEvents();
  const [frozen, setFrozen] = useState<readonly StampedEvent[] | null>(null);
  const [filter, setFilter] = useState(everyEvent);
  const current = useAtMostEvery(redrawGapMs, events);
  const shown = frozen ?? current;
  const rows = useMemo(() => eventRows(shown, filter), [shown, filter]);
  const drawn = frozen === null ? rows.slice(0, liveRows) : rows;
  const earlier = rows.length - drawn.length;
  const heading = useRef<HTMLHeadingElement>(null);
  const area = useRef<HTMLElement>(null);
  useKeptFocus(area, heading);
  const freeze = useCallback(() => setFrozen((already) => already ?? current), [current]);

  return (
    <section aria-labelledby="live-events" ref={area}>
      <div className={styles.head}>
        <h3 className={styles.title} id="live-events" ref={heading} tabIndex={-1}>
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
        <div
          className={styles.scroller}
          onScroll={({ currentTarget }) => {
            if (currentTarget.scrollTop > readingPx) freeze();
          }}
        >
          <div className={styles.columns} aria-hidden="true">
            <span />
            <span>Id</span>
            <span>Time</span>
            <span>Type</span>
            <span>Workspace / plan</span>
            <span>Source</span>
          </div>
          <ol
            className={frozen === null ? undefined : styles.still}
            aria-label="Events, newest first"
            onKeyDown={onArrowKeys}
            onFocus={freeze}
          >
            {drawn.map(({ event, gap }) => (
              <EventRow
                key={event.id}
                event={event}
                missingFrom={gap?.from ?? null}
                missingTo={gap?.to ?? null}
                onOpen={freeze}
              />
            ))}
          </ol>
          {earlier === 0 ? null : (
            <p className={styles.earlier}>
              <Button onPress={freeze}>Pause and show {earlier} earlier</Button>
            </p>
          )}
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
      <Select
        label="Type of event"
        value={filter.type}
        options={typeChoices}
        onChange={(type) => onChange({ ...filter, type })}
      />
      <SearchField
        label="Find an event"
        value={filter.text}
        onChange={(text) => onChange({ ...filter, text })}
      />
    </>
  );
}
