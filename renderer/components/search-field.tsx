import styles from './search-field.module.css';

interface Props {
  /** What is searched, as a sentence: `Find a service`. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Enter was pressed, with Shift (backwards) or without. */
  readonly onEnter?: (isBackwards: boolean) => void;
}

/** Where people type what they look for. `/` brings them here, Esc empties it and then leaves. */
export function SearchField({ label, value, onChange, onEnter }: Props) {
  return (
    <input
      className={styles.field}
      type="search"
      // The shortcut `/` looks for this attribute.
      data-search
      aria-label={label}
      placeholder={label}
      value={value}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onEnter?.(event.shiftKey);
        if (event.key !== 'Escape') return;
        // Around it there may be a dialog, which Esc would close.
        event.preventDefault();
        event.stopPropagation();
        if (value === '') event.currentTarget.blur();
        else onChange('');
      }}
    />
  );
}
