import type { ReactNode } from 'react';
import styles from './full-page-message.module.css';

interface Props {
  readonly title: string;
  readonly children: ReactNode;
}

/** A calm message in place of the page. */
export function FullPageMessage({ title, children }: Props) {
  return (
    <main className={styles.page}>
      <div className={styles.message}>
        <h1 className={styles.title}>{title}</h1>
        {children}
      </div>
    </main>
  );
}
