import { type ReactNode, type Ref, useId } from 'react';
import styles from './section.module.css';

interface Props {
  readonly title: string;
  /** A short fact beside the title, e.g. how many there are. */
  readonly note?: ReactNode;
  /** Buttons at the end of the title line. */
  readonly actions?: ReactNode;
  readonly headingRef?: Ref<HTMLHeadingElement>;
  readonly children: ReactNode;
}

/** A titled panel. */
export function Section({ title, note, actions, headingRef, children }: Props) {
  const titleId = useId();
  return (
    <section className={styles.section} aria-labelledby={titleId}>
      <div className={styles.head}>
        <h2 className={styles.title} id={titleId} ref={headingRef} tabIndex={-1}>
          {title}
        </h2>
        {note === undefined ? null : <span className={styles.note}>{note}</span>}
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** A titled part inside a panel. */
export function SubSection({ title, note, children }: Omit<Props, 'actions' | 'headingRef'>) {
  const titleId = useId();
  return (
    <section className={styles.sub} aria-labelledby={titleId}>
      <div className={styles.subHead}>
        <h3 className={styles.subTitle} id={titleId}>
          {title}
        </h3>
        {note === undefined ? null : <span className={styles.note}>{note}</span>}
      </div>
      {children}
    </section>
  );
}

/** What a table shows when it has no rows. */
export function EmptyState({ children }: { readonly children: ReactNode }) {
  return <div className={styles.empty}>{children}</div>;
}
