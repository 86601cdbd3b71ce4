import { useEffect, useSyncExternalStore } from 'react';
import { Announcement } from './announcement.tsx';
import styles from './app.module.css';
import { ChangeList } from './change-list.tsx';
import { ConnectionNotice } from './connection-notice.tsx';
import type { LiveModel } from './live-model.ts';
import { planIdOf, planLink } from './location.ts';
import { NoPlan, PlanView } from './plan-view.tsx';
import { WorkspaceList } from './workspace-list.tsx';

interface AppProps {
  readonly model: LiveModel;
  /** Tries to connect at once. */
  readonly reconnect: () => void;
}

/** The whole page: where to go on the left, the plan in view, what just changed on the right. */
export function App({ model, reconnect }: AppProps) {
  const knowledge = useSyncExternalStore(model.subscribe, model.snapshot);
  const openId = useOpenPlanId();
  const { loaded, plans } = knowledge;

  useEffect(() => model.openPlan(openId), [model, openId]);
  useEffect(() => {
    // Whoever arrives without a plan in the address sees the one changed last.
    const [latest] = [...plans.values()].toSorted((one, other) =>
      other.updated_at.localeCompare(one.updated_at),
    );
    if (openId === null && latest !== undefined) location.replace(planLink(latest.id));
  }, [openId, plans]);

  return (
    <>
      <header className={styles['header']}>
        <h1 className={styles['title']}>Project Memory</h1>
        <ConnectionNotice
          connection={knowledge.connection}
          problem={knowledge.problem}
          reconnect={reconnect}
          reload={() => model.reload()}
        />
      </header>
      <div className={styles['columns']} aria-busy={!loaded}>
        <nav className={styles['column']} aria-label="Workspaces and plans">
          <h2 className={styles['heading']}>Workspaces</h2>
          {loaded && (
            <WorkspaceList
              workspaces={knowledge.workspaces}
              plans={[...plans.values()]}
              openId={openId}
            />
          )}
        </nav>
        <main className={styles['plan']}>
          {knowledge.open === null
            ? loaded && <NoPlan hasWorkspaces={knowledge.workspaces.length > 0} />
            : knowledge.open !== 'loading' && (
                <PlanView key={openId} plan={knowledge.open} workspaces={knowledge.workspaces} />
              )}
        </main>
        <section className={styles['column']} aria-labelledby="changes-heading">
          <h2 className={styles['heading']} id="changes-heading">
            Recent changes
          </h2>
          {loaded && <ChangeList {...knowledge} />}
        </section>
      </div>
      <Announcement {...knowledge} />
    </>
  );
}

function useOpenPlanId(): string | null {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('hashchange', listener);
      return () => removeEventListener('hashchange', listener);
    },
    () => planIdOf(location.hash),
  );
}
