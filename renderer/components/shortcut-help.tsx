import { useEffect, useState } from 'react';
import { Button } from './button.tsx';
import { Modal } from './modal.tsx';
import styles from './shortcut-help.module.css';

/** Keys are off in this browser while this item says `off`. */
const storageKey = 'single-key-shortcuts';

const shortcuts = [
  ['/', 'Search in this view'],
  ['?', 'Show this help'],
  ['Esc', 'Empty the search, close what is open'],
  ['Enter', 'Next place that a log search found; with Shift the one before'],
  ['↑ ↓', 'Go along the services, or the events'],
  ['Tab', 'Go on to the next control'],
] as const;

/**
 * The page's keys and what explains them. Single keys can be switched off (WCAG 2.1.4): who dictates
 * text "presses" them by speaking.
 */
export function ShortcutHelp() {
  const [open, setOpen] = useState(false);
  const [enabled, setEnabled] = useState(() => localStorage.getItem(storageKey) !== 'off');

  useEffect(() => {
    if (!enabled) return;
    function onKey(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target)) return;
      if (event.key === '?') setOpen(true);
      else if (event.key === '/') focusSearch();
      else return;
      event.preventDefault();
    }
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [enabled]);

  function switchTo(on: boolean): void {
    localStorage.setItem(storageKey, on ? 'on' : 'off');
    setEnabled(on);
  }

  return (
    <>
      <footer className={styles.foot}>
        <button type="button" className={styles.open} onClick={() => setOpen(true)}>
          Keyboard shortcuts
        </button>
      </footer>
      {open ? (
        <Modal
          title="Keyboard shortcuts"
          onClose={() => setOpen(false)}
          actions={<Button onPress={() => setOpen(false)}>Close</Button>}
        >
          <dl className={styles.list}>
            {shortcuts.map(([key, does]) => (
              <div className={styles.shortcut} key={key}>
                <dt>
                  <kbd className={styles.key}>{key}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <label className={styles.choice}>
            <input
              type="checkbox"
              checked={enabled}
              onChange={(event) => switchTo(event.target.checked)}
            />
            React to the single keys / and ?
          </label>
        </Modal>
      ) : null}
    </>
  );
}

/** The search of what is in front: a dialog's, if one is open. */
function focusSearch(): void {
  const front = document.querySelector('dialog[open]') ?? document;
  front.querySelector<HTMLElement>('[data-search]')?.focus();
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName);
}
