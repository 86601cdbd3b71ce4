import { Suspense, useEffect } from 'react';
import type { StatusSnapshot } from '../../shared/status.ts';
import { useRoute } from '../hooks/use-route.ts';
import type { UsageHistory } from '../model/usage-history.ts';
import { findView, views } from '../views.ts';
import { PageHeader } from './page-header.tsx';
import { ShortcutHelp } from './shortcut-help.tsx';
import { StateAnnouncer } from './state-announcer.tsx';
import styles from './status-page.module.css';
import { ViewBoundary } from './view-boundary.tsx';
import { ViewTabs } from './view-tabs.tsx';

const product = 'Project Memory Supervisor';

interface Props {
  readonly snapshot: StatusSnapshot;
  readonly usage: UsageHistory;
  /** The data is from before the connection was lost. */
  readonly stale: boolean;
}

/** The header, which stands over every view, and the view that the address names. */
export function StatusPage({ snapshot, usage, stale }: Props) {
  const { view: id, place } = useRoute();
  const view = findView(id);
  const View = view.component;

  useEffect(() => {
    document.title = view === views[0] ? product : `${view.title} · ${product}`;
  }, [view]);

  return (
    <div className={styles.page} data-stale={stale || undefined}>
      <PageHeader snapshot={snapshot}>
        <ViewTabs current={view} />
      </PageHeader>
      <main className={styles.main}>
        <ViewBoundary key={view.id} title={view.title}>
          <Suspense fallback={<p className={styles.loading}>Loading…</p>}>
            <View snapshot={snapshot} usage={usage} place={place} />
          </Suspense>
        </ViewBoundary>
      </main>
      <StateAnnouncer services={snapshot.services} />
      <ShortcutHelp />
    </div>
  );
}
