import styles from './select.module.css';

interface Props<Value extends string> {
  /** What is chosen, for screen readers: `Stream`. */
  readonly label: string;
  readonly value: Value;
  /** Each value with the words that stand for it. */
  readonly options: readonly (readonly [value: Value, words: string])[];
  readonly onChange: (value: Value) => void;
}

/** A choice of one among a few. */
export function Select<Value extends string>({ label, value, options, onChange }: Props<Value>) {
  return (
    <select
      className={styles.select}
      aria-label={label}
      value={value}
      onChange={(event) => {
        const chosen = options.find(([each]) => each === event.target.value);
        if (chosen !== undefined) onChange(chosen[0]);
      }}
    >
      {options.map(([each, words]) => (
        <option key={each} value={each}>
          {words}
        </option>
      ))}
    </select>
  );
}
