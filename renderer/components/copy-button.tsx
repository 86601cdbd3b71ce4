import { type RefObject, useEffect, useState } from 'react';
import { Button } from './button.tsx';
import styles from './copy-button.module.css';

const shownForMs = 2_000;
const words = { idle: 'Copy', copied: 'Copied', manual: 'Press Ctrl+C' } as const;

interface Props {
  /** A function for a text that is worth making only when it is wanted. */
  readonly text: string | (() => string);
  /** What is copied, for screen readers: `MCP URL`. */
  readonly what: string;
  /** The element that shows the text: it is selected when the clipboard is not allowed. Null: none does. */
  readonly source: RefObject<HTMLElement | null> | null;
}

/** Copies a text, says so for a moment, and keeps its width meanwhile. */
export function CopyButton({ text, what, source }: Props) {
  const [outcome, setOutcome] = useState<keyof typeof words>('idle');

  useEffect(() => {
    if (outcome === 'idle') return;
    const timer = setTimeout(() => setOutcome('idle'), shownForMs);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy(): Promise<void> {
    const wanted = typeof text === 'string' ? text : text();
    try {
      await navigator.clipboard.writeText(wanted);
      setOutcome('copied');
    } catch {
      const copied = source === null ? copyUnshown(wanted) : copySelected(source.current);
      setOutcome(copied ? 'copied' : 'manual');
    }
  }

  return (
    <span className={styles.frame}>
      <Button icon={outcome === 'copied' ? 'done' : 'copy'} onPress={() => void copy()}>
        <span aria-live="polite">
          {words[outcome]}
          <span className="visually-hidden"> {what}</span>
        </span>
      </Button>
    </span>
  );
}

/**
 * The way that needs no permission: the desktop window grants none, and a page that is not a secure
 * context has no clipboard. Where this fails too, the text is at least selected for Ctrl+C.
 */
function copySelected(element: HTMLElement | null): boolean {
  if (element === null) return false;
  getSelection()?.selectAllChildren(element);
  const copied = document.execCommand('copy');
  if (copied) getSelection()?.removeAllRanges();
  return copied;
}

/** The same for a text that stands nowhere on the page, or only in part. */
function copyUnshown(text: string): boolean {
  const area = document.createElement('textarea');
  const held = document.activeElement;
  area.value = text;
  area.className = 'visually-hidden';
  // Inside an open dialog everything else is inert and cannot be selected.
  (held?.closest('dialog') ?? document.body).append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (held instanceof HTMLElement) held.focus();
  return copied;
}
