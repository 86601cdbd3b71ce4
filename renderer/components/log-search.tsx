import { formatCount } from '../model/format.ts';
import { IconButton } from './button.tsx';
import styles from './log-pane.module.css';

interface Props {
  /** How many lines were found. */
  readonly found: number;
  /** Which of them is looked at, from 0; null for none yet. */
  readonly place: number | null;
  readonly onlyFound: boolean;
  readonly onOnlyFound: (onlyFound: boolean) => void;
  readonly onStep: (isBackwards: boolean) => void;
}

/** What stands beside a search in a log: how much was found, and the way from one place to the next. */
export function LogSearch({ found, place, onlyFound, onOnlyFound, onStep }: Props) {
  return (
    <>
      <span className={styles.found}>
        <span className={styles.place} role="status">
          {place === null
            ? `${formatCount(found)} found`
            : `${formatCount(place + 1)} of ${formatCount(found)}`}
        </span>
        <IconButton
          icon="up"
          label="Previous place found"
          title="Previous (Shift+Enter)"
          unavailable={found === 0}
          onPress={() => onStep(true)}
        />
        <IconButton
          icon="down"
          label="Next place found"
          title="Next (Enter)"
          unavailable={found === 0}
          onPress={() => onStep(false)}
        />
      </span>
      <label className={styles.choice}>
        <input
          type="checkbox"
          checked={onlyFound}
          onChange={(event) => onOnlyFound(event.target.checked)}
        />
        Only lines found
      </label>
    </>
  );
}
