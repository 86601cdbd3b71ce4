import { useMemo, useState } from 'react';
import { useLog } from '../hooks/use-log.ts';
import { formatCount, formatQuantity } from '../model/format.ts';
import type { LogState } from '../model/log-follower.ts';
import { chooseLines, copyText, type StreamChoice } from '../model/log-lines.ts';
import { CopyButton } from './copy-button.tsx';
import { LogList } from './log-list.tsx';
import styles from './log-pane.module.css';
import { SearchField } from './search-field.tsx';

const streams: Readonly<Record<StreamChoice, string>> = {
  all: 'All output',
  stdout: 'Only stdout',
  stderr: 'Only stderr',
};

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
  const [wraps, setWraps] = useState(true);
  const { lines } = frozen ?? log;
  const chosen = useMemo(() => chooseLines(lines, stream, wanted), [lines, stream, wanted]);

  return (
    <div className={styles.pane}>
      <div className={styles.tools}>
        <SearchField label="Search the log" value={wanted} onChange={setWanted} />
        <select
          className={styles.select}
          aria-label="Stream"
          value={stream}
          onChange={(event) => setStream(event.target.value as StreamChoice)}
        >
          {Object.entries(streams).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
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
        following={frozen === null}
        newer={frozen === null ? 0 : log.nextKey - frozen.nextKey}
        onLeaveEnd={() => setFrozen(frozen ?? log)}
        onFollow={() => setFrozen(null)}
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
