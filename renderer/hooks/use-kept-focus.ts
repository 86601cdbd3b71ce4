import { type RefObject, useEffect, useRef } from 'react';

/**
 * Keeps keyboard users in place: when the row that held the focus disappears, the focus goes to
 * `fallback` and not to the top of the page.
 */
export function useKeptFocus<Area extends HTMLElement>(
  area: RefObject<Area | null>,
  fallback: RefObject<HTMLElement | null>,
): void {
  const held = useRef<Element | null>(null);

  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    const onFocus = (event: FocusEvent) => {
      held.current = event.target as Element;
    };
    const onBlur = (event: FocusEvent) => {
      // A removed element loses the focus to nobody; only a move to elsewhere lets go of it.
      if (event.relatedTarget !== null) held.current = null;
    };
    element.addEventListener('focusin', onFocus);
    element.addEventListener('focusout', onBlur);
    return () => {
      element.removeEventListener('focusin', onFocus);
      element.removeEventListener('focusout', onBlur);
    };
  }, [area]);

  // After every update: was the focused element taken out of the document?
  useEffect(() => {
    if (held.current === null || held.current.isConnected) return;
    held.current = null;
    if (document.activeElement !== document.body) return;
    fallback.current?.focus();
  });
}
