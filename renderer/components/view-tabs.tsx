import { useEffect, useRef } from 'react';
import { routeHash } from '../model/route.ts';
import type { View } from '../view.ts';
import { views } from '../views.ts';
import styles from './view-tabs.module.css';

/** The navigation. Links, so that a view can be opened in a tab of the browser, kept and gone back to. */
export function ViewTabs({ current }: { readonly current: View }) {
  const link = useRef<HTMLAnchorElement>(null);

  // On a narrow page the row of tabs scrolls: the current one is kept in sight.
  useEffect(() => {
    if (current.id !== '') link.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current.id]);

  return (
    <nav className={styles.tabs} aria-label="Views">
      <ul className={styles.list}>
        {views.map((view) => (
          <li key={view.id}>
            <a
              ref={view === current ? link : null}
              className={styles.tab}
              href={routeHash(view.id)}
              aria-current={view === current ? 'page' : undefined}
            >
              {view.title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
