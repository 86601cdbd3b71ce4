import type { KeyboardEvent } from 'react';

/** What the arrow keys stop at carries this attribute. */
const stop = '[data-arrow-stop]';

const steps: Readonly<Record<string, 'next' | 'previous' | 'first' | 'last'>> = {
  ArrowDown: 'next',
  ArrowUp: 'previous',
  Home: 'first',
  End: 'last',
};

/** Moves the focus along the stops of a list with the arrow keys, Home and End. For its `onKeyDown`. */
export function onArrowKeys(event: KeyboardEvent<HTMLElement>): void {
  const step = steps[event.key];
  if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!(event.target instanceof HTMLElement) || !event.target.matches(stop)) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(stop)];
  const at = all.indexOf(event.target);
  const places = { next: at + 1, previous: at - 1, first: 0, last: all.length - 1 };
  // At the end of the list there is nothing to go to; the page shall not scroll instead.
  event.preventDefault();
  all[places[step]]?.focus();
}
