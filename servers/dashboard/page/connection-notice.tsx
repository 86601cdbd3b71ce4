import styles from './connection-notice.module.css';
import type { Knowledge } from './live-model.ts';

interface ConnectionNoticeProps {
  readonly connection: Knowledge['connection'];
  readonly problem: string | null;
  readonly reconnect: () => void;
  readonly reload: () => void;
}

/** Whether what the page shows can be trusted, and what to do when not. */
export function ConnectionNotice(props: ConnectionNoticeProps) {
  const { connection, problem, reconnect, reload } = props;
  return (
    <div className={styles['notice']} role="status">
      {connection === 'live' && (
        <span className={styles['live']}>
          <span className={styles['dot']} aria-hidden="true" />
          Live
        </span>
      )}
      {connection === 'connecting' && <span className={styles['quiet']}>Connecting…</span>}
      {connection === 'lost' && (
        <span className={styles['warning']}>
          <span>Connection lost: what you see may be out of date. Reconnecting…</span>
          <button type="button" onClick={reconnect}>
            Try now
          </button>
        </span>
      )}
      {problem !== null && connection !== 'lost' && (
        <span className={styles['warning']}>
          <span>Could not read everything. {problem}</span>
          <button type="button" onClick={reload}>
            Try again
          </button>
        </span>
      )}
    </div>
  );
}
