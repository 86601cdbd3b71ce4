import type { ReactNode } from 'react';
import styles from './fact.module.css';

interface Props {
  readonly name: string;
  /** Null: not known, or none. */
  readonly children: ReactNode;
  /** Takes a whole line. */
  readonly wide?: boolean;
}

/** A name and what is known of it, inside a `dl` of class `facts` (fact.module.css). */
export function Fact({ name, children, wide }: Props) {
  return (
    <div className={styles.fact} data-wide={wide || undefined}>
      <dt>{name}</dt>
      <dd>{children ?? '–'}</dd>
    </div>
  );
}
