import { memo, type ReactNode } from 'react';
import { type AnsiStyle, parseAnsi } from '../model/ansi.ts';
import { formatClockMs } from '../model/format.ts';
import { type LogLine, plainText } from '../model/log-lines.ts';
import styles from './log-row.module.css';

interface Props {
  readonly line: LogLine;
  /** What is marked in it; empty for nothing. */
  readonly wanted: string;
}

/** One line of output, or a mark between two of them. */
export const LogRow = memo(function LogRow({ line, wanted }: Props) {
  if (line.stream === 'mark') {
    return (
      <div className={styles.mark}>
        <span>{line.text.replace(/^— | —$/gu, '')}</span>
        <time className={styles.time}>{formatClockMs(line.at)}</time>
      </div>
    );
  }
  return (
    <div className={styles.line} data-stream={line.stream}>
      <time className={styles.time}>{formatClockMs(line.at)}</time>
      <span className={styles.stream}>{line.stream === 'stderr' ? 'err' : ''}</span>
      <span className={styles.text}>{textOf(line, wanted)}</span>
    </div>
  );
});

function textOf(line: LogLine, wanted: string): ReactNode {
  // Most lines have no code in them: each begins with ESC.
  if (!line.text.includes('\u001b')) return marked(plainText(line), wanted);
  return parseAnsi(line.text).map(({ text, style }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line never change
    <span key={index} {...attributesOf(style)}>
      {marked(text, wanted)}
    </span>
  ));
}

function attributesOf({ colour, background, ...looks }: AnsiStyle) {
  return {
    'data-colour': colour,
    'data-background': background,
    'data-looks': Object.keys(looks).join(' ') || undefined,
  };
}

function marked(text: string, wanted: string): ReactNode {
  if (wanted === '') return text;
  const parts: ReactNode[] = [];
  const lower = text.toLowerCase();
  const needle = wanted.toLowerCase();
  // A few letters are longer in lower case: then no place can be named.
  if (lower.length !== text.length) return text;
  let at = 0;
  for (let found = lower.indexOf(needle); found !== -1; found = lower.indexOf(needle, at)) {
    parts.push(text.slice(at, found));
    at = found + needle.length;
    parts.push(<mark key={found}>{text.slice(found, at)}</mark>);
  }
  parts.push(text.slice(at));
  return parts;
}
