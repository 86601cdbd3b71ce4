import { Button } from '../components/button.tsx';
import { formatQuantity } from '../model/format.ts';
import { type ConfigState, isChanged, presentCheck } from './config-session.ts';
import { appliedSentence, previewSentence, restartSentence } from './preview-words.ts';
import styles from './save-bar.module.css';

interface Props {
  readonly state: ConfigState;
  readonly comparing: boolean;
  readonly onCompare: () => void;
  readonly onSave: () => void;
  /** Null where there is nothing to cancel. */
  readonly onCancel: (() => void) | null;
}

/** What a save would do, or did, and the buttons for it. */
export function SaveBar({ state, comparing, onCompare, onSave, onCancel }: Props) {
  const changed = isChanged(state);
  return (
    <footer className={styles.bar}>
      <div className={styles.words}>
        <p role="status">{sentenceOf(state)}</p>
        <Reasons state={state} />
        <p role="alert" className={styles.error}>
          {state.saveError}
        </p>
      </div>
      <div className={styles.actions}>
        <Button onPress={onCompare} unavailable={!changed && !comparing}>
          {comparing ? 'Hide changes' : 'Show changes'}
        </Button>
        <Button onPress={() => onCancel?.()} unavailable={onCancel === null}>
          Cancel
        </Button>
        <Button look="main" onPress={onSave} unavailable={!canSave(state)} title="Ctrl+S or Cmd+S">
          Save
        </Button>
      </div>
    </footer>
  );
}

/** A text that is still being checked may be saved: the save waits for the answer. */
function canSave(state: ConfigState): boolean {
  if (state.saving || state.disk !== null || !isChanged(state)) return false;
  const check = presentCheck(state);
  return check.kind !== 'done' || check.valid;
}

function sentenceOf(state: ConfigState): string {
  const { saving, disk, applied, reloaded } = state;
  if (saving) return 'Saving…';
  if (disk !== null) return 'Choose above which text to go on with.';
  if (applied !== null) return appliedSentence(applied);
  const check = presentCheck(state);
  if (check.kind === 'failed') return `The text could not be checked: ${check.error}`;
  if (check.kind === 'done' && !check.valid) {
    const errors = check.problems.filter(({ severity }) => severity === 'error').length;
    return `${formatQuantity(errors, 'error')}: this cannot be saved.`;
  }
  if (reloaded) return 'The file was changed by another program and is loaded anew.';
  if (!isChanged(state)) return 'No changes.';
  if (check.kind === 'none') return 'Checking…';
  const { preview } = check;
  const waiting = restartSentence(preview.restart_needed);
  return previewSentence(preview) + (waiting === null ? '' : ` ${waiting}`);
}

/** Why each service is touched. */
function Reasons({ state }: { readonly state: ConfigState }) {
  const check = presentCheck(state);
  if (check.kind !== 'done' || !check.valid || !isChanged(state) || state.disk !== null)
    return null;
  const changes = check.preview.changes.filter(({ action }) => action !== 'none');
  if (changes.length === 0) return null;
  return (
    <details className={styles.reasons}>
      <summary>Why</summary>
      <ul>
        {changes.map(({ service, action, reason }) => (
          <li key={service}>
            {service}: {action} – {reason}
          </li>
        ))}
      </ul>
    </details>
  );
}
