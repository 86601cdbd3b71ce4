import { useVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef } from 'react';
import { formatQuantity } from '../model/format.ts';
import type { LogLine } from '../model/log-lines.ts';
import styles from './log-list.module.css';
import { LogRow } from './log-row.tsx';

/** The height of a line that is not wrapped, in px; wrapped ones are measured when they are seen. */
const rowPx = 18;
/** Closer to the end than this, in px, is at the end. */
const endPx = 24;
/** A jump to the end that was under way when somebody scrolled up arrives within this, in ms. */
const lateJumpMs = 250;
const upwardKeys: ReadonlySet<string> = new Set(['ArrowUp', 'PageUp', 'Home']);

interface Props {
  readonly label: string;
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** What is marked in the lines; empty for nothing. */
  readonly wanted: string;
  readonly wraps: boolean;
  /** The line that a search stands at; null for none. It is brought into sight. */
  readonly current: number | null;
  /** The end is kept in sight as lines come. */
  readonly following: boolean;
  /** How many lines have come since it stopped following. */
  readonly newer: number;
  /** Somebody scrolled up. */
  readonly onLeaveEnd: () => void;
  /** Somebody wants to see the end again. */
  readonly onFollow: () => void;
  /** Shown where there is no line. */
  readonly empty: string;
}

/** However many lines there are, only those in sight are in the document. */
export function LogList(props: Props) {
  const { label, lines, wanted, wraps, current, following, newer, onLeaveEnd, onFollow, empty } =
    props;
  const scroller = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const wentUpAt = useRef(0);
  // oxlint-disable-next-line react/incompatible-library -- for React's compiler, which is not used here
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => lines[index]?.key ?? index,
    overscan: 12,
    anchorTo: 'end',
    followOnAppend: following ? 'instant' : false,
    scrollEndThreshold: endPx,
    useFlushSync: false,
  });

  // Also when another filter makes the list longer or shorter.
  useLayoutEffect(() => {
    if (following && lines.length > 0) virtual.scrollToEnd({ behavior: 'instant' });
  }, [following, lines.length, virtual]);

  useLayoutEffect(() => {
    if (current !== null) virtual.scrollToIndex(current, { align: 'center' });
  }, [current, virtual]);

  // In a flood the next line jumps to the end before the scrolling is seen: what asks for it counts.
  function onUpwards(): void {
    const element = scroller.current;
    if (element === null || element.scrollHeight <= element.clientHeight) return;
    wentUpAt.current = performance.now();
    if (following) onLeaveEnd();
  }

  function onScroll(): void {
    const top = scroller.current?.scrollTop ?? 0;
    const isUpwards = top < lastTop.current;
    lastTop.current = top;
    if (virtual.isAtEnd(endPx)) {
      const isLateJump = performance.now() - wentUpAt.current < lateJumpMs;
      // What was found may stand at the end: looking at it is not following.
      if (!following && !isLateJump && current === null) onFollow();
    } else if (following && isUpwards) onLeaveEnd();
  }

  return (
    <div className={styles.frame}>
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-live="off"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        data-wraps={wraps || undefined}
        onScroll={onScroll}
        onWheel={({ deltaY }) => {
          if (deltaY < 0) onUpwards();
        }}
        onKeyDown={({ key }) => {
          if (upwardKeys.has(key)) onUpwards();
        }}
      >
        {lines.length === 0 ? (
          <p className={styles.empty}>{empty}</p>
        ) : (
          <div className={styles.lines} style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = lines[item.index];
              return line === undefined ? null : (
                <div
                  key={item.key}
                  ref={wraps ? virtual.measureElement : undefined}
                  className={styles.place}
                  data-index={item.index}
                  data-current={item.index === current || undefined}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <LogRow line={line} wanted={wanted} />
                </div>
              );
            })}
          </div>
        )}
      </div>
      {following ? null : (
        <button type="button" className={styles.newer} onClick={onFollow}>
          {newer === 0 ? 'Follow' : formatQuantity(newer, 'new line')}
        </button>
      )}
    </div>
  );
}
