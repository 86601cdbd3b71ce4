import styles from './change-list.module.css';
import { Empty } from './empty.tsx';
import type { Knowledge } from './live-model.ts';
import { planLink } from './location.ts';
import { subjectOf } from './subject.ts';
import { Time } from './time.tsx';
import { changeSentence } from './wording.ts';

type ChangeListProps = Pick<Knowledge, 'changes' | 'received' | 'plans' | 'workspaces'>;

/** What happened, newest first; what came while the page was open is marked for a moment. */
export function ChangeList({ changes, received, plans, workspaces }: ChangeListProps) {
  if (changes.length === 0)
    return (
      <Empty title="No changes yet.">
        Each change an agent makes is listed here as it happens.
      </Empty>
    );
  return (
    <ol className={styles['changes']}>
      {changes.map((change, index) => {
        const subject = subjectOf(change, plans, workspaces);
        const linked = change.plan_id !== undefined && plans.has(change.plan_id);
        return (
          <li key={change.id} className={index < received ? styles['fresh'] : undefined}>
            <p className={styles['line']}>
              <span className={styles['sentence']}>{changeSentence(change)}</span>
              <span className={styles['time']}>
                <Time iso={change.timestamp} />
              </span>
            </p>
            {subject !== null && (
              <p className={styles['subject']}>
                {linked ? <a href={planLink(change.plan_id ?? '')}>{subject}</a> : subject}
              </p>
            )}
          </li>
        );
      })}
    </ol>
  );
}
