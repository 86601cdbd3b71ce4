import { memo, useState } from 'react';
import type { StampedEvent } from '../../shared/events.ts';
import { eventSubject } from '../model/event-list.ts';
import { formatClockMs } from '../model/format.ts';
import styles from './event-list.module.css';

interface Props {
  readonly event: StampedEvent;
  /** The ids that were not received between this event and the next newer one; null without a gap. */
  readonly missingFrom: number | null;
  readonly missingTo: number | null;
  readonly onOpen: () => void;
}

/** One event; its JSON is made only for a row that is open. */
export const EventRow = memo(function EventRow({ event, missingFrom, missingTo, onOpen }: Props) {
  const [open, setOpen] = useState(false);
  const { id, data } = event;
  return (
    <li className={styles.item} data-after-gap={missingFrom !== null || undefined}>
      {missingFrom === null ? null : (
        <p className={styles.gap}>
          {missingFrom === missingTo
            ? `Event ${missingFrom} was not received`
            : `Events ${missingFrom} to ${missingTo} were not received`}
        </p>
      )}
      <details
        onToggle={(toggle) => {
          setOpen(toggle.currentTarget.open);
          if (toggle.currentTarget.open) onOpen();
        }}
      >
        <summary className={styles.row} data-arrow-stop>
          <span className={styles.id}>{id}</span>
          <time className={styles.time} dateTime={data.timestamp}>
            {formatClockMs(data.timestamp)}
          </time>
          <span className={styles.type}>{data.event_type}</span>
          <span className={styles.subject}>{eventSubject(data)}</span>
          <span className={styles.source}>{data.source}</span>
        </summary>
        {open ? <pre className={styles.json}>{JSON.stringify(event, null, 2)}</pre> : null}
      </details>
    </li>
  );
});
