import type { ReactNode } from 'react';
import styles from './empty.module.css';

/** Says why there is nothing and how something comes about. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={styles['empty']}>
      <p className={styles['title']}>{title}</p>
      <p>{children}</p>
    </div>
  );
}
