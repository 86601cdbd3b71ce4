/** Small drawings of 16 × 16 units in the colour of the text. A word always stands beside them. */
import type { ReactNode } from 'react';
import styles from './icon.module.css';

const circle = <circle cx="8" cy="8" r="6.25" />;

/** Each state has an outline of its own, so that it is known without colour. */
const drawings = {
  ready: (
    <>
      <circle cx="8" cy="8" r="7" className={styles.solid} />
      <path d="m4.75 8.25 2.25 2.25 4.25-4.75" className={styles.cut} />
    </>
  ),
  starting: (
    <>
      <path d="M8 1.75A6.25 6.25 0 1 1 1.75 8" />
      <path d="M8 4.75V8l2.25 1.5" />
    </>
  ),
  stopping: (
    <>
      {circle}
      <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5Z" className={styles.solid} />
    </>
  ),
  stopped: <rect x="2.5" y="2.5" width="11" height="11" rx="1.5" />,
  unhealthy: (
    <>
      <path d="M8 1.75 14.75 13.5H1.25Z" />
      <path d="M8 6v3.25M8 11.4v.1" />
    </>
  ),
  backing_off: (
    <>
      <path d="M13.6 5.25A6.25 6.25 0 1 0 14.25 8" />
      <path d="M14 1.75v3.5h-3.5" />
    </>
  ),
  crash_loop: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z" className={styles.solid} />
      <path d="M8 4.25v4.5M8 11.4v.1" className={styles.cut} />
    </>
  ),
  failed: (
    <>
      <circle cx="8" cy="8" r="7" className={styles.solid} />
      <path d="m5.5 5.5 5 5m0-5-5 5" className={styles.cut} />
    </>
  ),
  idle: <circle cx="8" cy="8" r="4.5" strokeDasharray="2.4 2.3" />,
  notice: (
    <>
      {circle}
      <path d="M8 7.25v4M8 4.7v.1" />
    </>
  ),
  start: <path d="M4.75 2.75v10.5L13 8Z" />,
  stop: <rect x="3.75" y="3.75" width="8.5" height="8.5" rx="1" />,
  restart: (
    <>
      <path d="M13.25 5.5A5.75 5.75 0 1 0 13.75 8" />
      <path d="M13.5 2.25V5.5h-3.25" />
    </>
  ),
  close: <path d="m4 4 8 8m0-8-8 8" />,
  copy: (
    <>
      <rect x="5.75" y="5.75" width="8" height="8" rx="1.5" />
      <path d="M3.5 10.25h-.25a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v.25" />
    </>
  ),
  up: <path d="m3.5 10 4.5-4.5 4.5 4.5" />,
  down: <path d="m3.5 6 4.5 4.5L12.5 6" />,
  done: <path d="m3 8.5 3.5 3.5L13 4.5" />,
  external: (
    <>
      <path d="M9.5 2.75h3.75V6.5M13 3 7.75 8.25" />
      <path d="M11.5 9.5v2.75a1 1 0 0 1-1 1h-6.75a1 1 0 0 1-1-1V5.5a1 1 0 0 1 1-1H6.5" />
    </>
  ),
  pause: <path d="M5.5 3.25v9.5m5-9.5v9.5" />,
  power: (
    <>
      <path d="M8 1.75v5.5" />
      <path d="M4.6 3.9a5.5 5.5 0 1 0 6.8 0" />
    </>
  ),
  send: <path d="M14 2 7 9m7-7-4.5 12L7 9 2 6.5Z" />,
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof drawings;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className={styles.icon} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {drawings[name]}
    </svg>
  );
}
