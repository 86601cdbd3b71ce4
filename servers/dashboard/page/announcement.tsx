import { useEffect, useState } from 'react';
import styles from './announcement.module.css';
import type { Knowledge } from './live-model.ts';
import { subjectOf } from './subject.ts';
import { changeSentence } from './wording.ts';

/** A burst of changes is told as one sentence: a screen reader would read each of them out. */
const quietMs = 500;

type AnnouncementProps = Pick<Knowledge, 'changes' | 'received' | 'plans' | 'workspaces'>;

/** Tells people who do not see the page what just changed. */
export function Announcement({ changes, received, plans, workspaces }: AnnouncementProps) {
  const [told, setTold] = useState({ received: 0, sentence: '' });
  const [latest] = changes;
  const pending = received - told.received;
  useEffect(() => {
    if (pending === 0 || latest === undefined) return;
    const timer = setTimeout(() => {
      const subject = subjectOf(latest, plans, workspaces);
      const what = changeSentence(latest) + (subject === null ? '' : `, ${subject}`);
      const sentence = pending === 1 ? `${what}.` : `${pending} changes; the latest: ${what}.`;
      setTold({ received, sentence });
    }, quietMs);
    return () => clearTimeout(timer);
  }, [latest, pending, plans, received, workspaces]);
  return (
    <p className={styles['announcement']} aria-live="polite">
      {told.sentence}
    </p>
  );
}
