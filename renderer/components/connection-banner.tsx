import { formatClock } from '../model/format.ts';
import { Button } from './button.tsx';
import styles from './connection-banner.module.css';
import { Icon } from './icon.tsx';

interface Props {
  readonly visible: boolean;
  /** The supervisor had said that it was stopping. */
  readonly stopped: boolean;
  /** When the data on the page arrived, milliseconds since 1970. */
  readonly receivedAt: number | null;
  readonly onRetry: () => void;
}

/** Stands over the foot of the page, so that it moves nothing when it comes and goes. */
export function ConnectionBanner({ visible, stopped, receivedAt, onRetry }: Props) {
  return (
    <div className={styles.place} role="status">
      {visible ? (
        <div className={styles.banner}>
          <span className={styles.icon}>
            <Icon name="unhealthy" />
          </span>
          <p>
            {stopped
              ? 'The supervisor has stopped. This page comes back to life with it.'
              : 'Connection to the supervisor lost, trying again…'}
            {receivedAt === null ? null : (
              <span className={styles.age}> Shown: as of {formatClock(receivedAt)}.</span>
            )}
          </p>
          <Button onPress={onRetry}>Try now</Button>
        </div>
      ) : null}
    </div>
  );
}
