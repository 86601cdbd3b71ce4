import { IconButton } from './button.tsx';
import { Icon } from './icon.tsx';
import styles from './refusal.module.css';

interface Props {
  /** What was tried: `Restart Dashboard`. */
  readonly attempt: string;
  readonly error: string;
  readonly onDismiss: () => void;
}

/** Says that a request was refused and why, until it is dismissed or the next one succeeds. */
export function Refusal({ attempt, error, onDismiss }: Props) {
  return (
    <div className={styles.refusal} role="alert">
      <span className={styles.icon}>
        <Icon name="failed" />
      </span>
      <p className={styles.text}>
        <strong>{attempt} failed.</strong> {error}
      </p>
      <IconButton icon="close" label="Dismiss" title="Dismiss" onPress={onDismiss} />
    </div>
  );
}
