import { useMemo, useState } from 'react';
import { useLog } from '../hooks/use-log.ts';
import { formatCount, formatQuantity } from '../model/format.ts';
import type { LogState } from '../model/log-follower.ts';
import { chooseLines, copyText, findLines, type StreamChoice } from '../model/log-lines.ts';
import { CopyButton } from './copy-button.tsx';
import { LogList } from './log-list.tsx';
import styles from './log-pane.module.css';
import { LogSearch } from './log-search.tsx';
import { SearchField } from './search-field.tsx';
import { Select } from './select.tsx';

const streams: readonly (readonly [StreamChoice, string])[] = [
  ['all', 'All output'],
  ['stdout', 'Only stdout'],
  ['stderr', 'Only stderr'],
];

interface Props {
  /** The service's name in the protocol. */
  readonly name: string;
  readonly displayName: string;
}

/**
 * What one service prints. It follows until somebody scrolls up: then the lines stand still, so that
 * they can be read, and what comes is counted. Keyed by the service: each begins anew.
 */
export function LogPane({ name, displayName }: Props) {
  const log = useLog(name);
  const [frozen, setFrozen] = useState<LogState | null>(null);
  const [stream, setStream] = useState<StreamChoice>('all');
  const [wanted, setWanted] = useState('');
  const [onlyFound, setOnlyFound] = useState(true);
  /** Which of the places found is looked at. */
  const [place, setPlace] = useState<number | null>(null);
  const [wraps, setWraps] = useState(true);
  const { lines } = frozen ?? log;
  const filter = onlyFound ? wanted : '';
  const chosen = useMemo(() => chooseLines(lines, stream, filter), [lines, stream, filter]);
  // Null: each line that is shown was found, so that a flood is searched only once.
  const found = useMemo(
    () => (onlyFound ? null : findLines(chosen, wanted)),
    [chosen, wanted, onlyFound],
  );
  const count = found?.length ?? chosen.length;

  /** To the next place, from the last to the first. The lines stand still meanwhile. */
  function step(isBackwards: boolean): void {
    if (count === 0 || wanted === '') return;
    const from = place ?? (isBackwards ? 0 : -1);
    setPlace((from + (isBackwards ? -1 : 1) + count) % count);
    setFrozen(frozen ?? log);
  }

  function follow(): void {
    setFrozen(null);
    setPlace(null);
  }

  return (
    <div className={styles.pane}>
      <div className={styles.tools}>
        <SearchField
          label="Search the log"
          value={wanted}
          onChange={(text) => {
            setWanted(text);
            setPlace(null);
          }}
          onEnter={step}
        />
        {wanted === '' ? null : (
          <LogSearch
            found={count}
            place={place}
            onlyFound={onlyFound}
            onOnlyFound={(only) => {
              setOnlyFound(only);
              setPlace(null);
            }}
            onStep={step}
          />
        )}
        <Select
          label="Stream"
          value={stream}
          options={streams}
          onChange={(chosenStream) => {
            setStream(chosenStream);
            setPlace(null);
          }}
        />
        <label className={styles.choice}>
          <input
            type="checkbox"
            checked={wraps}
            onChange={(event) => setWraps(event.target.checked)}
          />
          Wrap
        </label>
        <span className={styles.count}>
          {chosen === lines
            ? formatQuantity(lines.length, 'line')
            : `${formatCount(chosen.length)} of ${formatQuantity(lines.length, 'line')}`}
        </span>
        <CopyButton text={() => copyText(chosen)} what="these lines" source={null} />
      </div>
      <LogList
        // Wrapped and unwrapped lines have other heights: what was measured is of no use any more.
        key={wraps ? 'wrapped' : 'unwrapped'}
        label={`Output of ${displayName}`}
        lines={chosen}
        wanted={wanted}
        wraps={wraps}
        current={place === null || found === null ? place : (found[place] ?? null)}
        following={frozen === null}
        newer={frozen === null ? 0 : log.nextKey - frozen.nextKey}
        onLeaveEnd={() => setFrozen(frozen ?? log)}
        onFollow={follow}
        empty={emptyText(log, displayName)}
      />
      <p className={styles.foot}>
        {log.error !== null && log.lines.length > 0 ? (
          <span className={styles.error} role="alert">
            {log.error} Trying again…
          </span>
        ) : null}
        {log.file === null ? null : (
          <>
            More is in <code>{log.file}</code>
          </>
        )}
      </p>
    </div>
  );
}

function emptyText(log: LogState, displayName: string): string {
  if (log.lines.length > 0) return 'No line matches.';
  if (log.error !== null) return log.error;
  return log.next === null ? 'Fetching the output…' : `${displayName} has printed nothing yet.`;
}
