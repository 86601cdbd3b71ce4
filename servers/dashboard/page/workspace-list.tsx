import type { PlanSummary, Workspace } from '../dashboard-api.d.ts';
import { Empty } from './empty.tsx';
import { planLink } from './location.ts';
import { planWords, progressSentence } from './wording.ts';
import styles from './workspace-list.module.css';

interface WorkspaceListProps {
  readonly workspaces: readonly Workspace[];
  readonly plans: readonly PlanSummary[];
  readonly openId: string | null;
}

/** All workspaces by name, each with its plans; what is finished is folded away. */
export function WorkspaceList({ workspaces, plans, openId }: WorkspaceListProps) {
  if (workspaces.length === 0)
    return (
      <Empty title="No workspaces yet.">
        An agent that calls <code>memory_workspace</code> registers the folder it works in, and it
        appears here at once.
      </Empty>
    );
  const sorted = workspaces.toSorted((one, other) => one.name.localeCompare(other.name));
  return (
    <ul className={styles['workspaces']}>
      {sorted.map((workspace) => (
        <li key={workspace.id}>
          <h3 className={styles['name']}>{workspace.name}</h3>
          <p className={styles['path']} title={workspace.path}>
            {/* The end of a path says more than its start: cut on the left, read left to right. */}
            <bdi>{workspace.path}</bdi>
          </p>
          <PlansOf
            plans={plans.filter((plan) => plan.workspace_id === workspace.id)}
            openId={openId}
          />
        </li>
      ))}
    </ul>
  );
}

function PlansOf({ plans, openId }: { plans: readonly PlanSummary[]; openId: string | null }) {
  if (plans.length === 0)
    return (
      <p className={styles['none']}>
        No plans yet. An agent makes one with <code>memory_plan</code>.
      </p>
    );
  const sorted = plans.toSorted((one, other) => other.created_at.localeCompare(one.created_at));
  const active = sorted.filter((plan) => plan.status === 'active');
  const finished = sorted.filter((plan) => plan.status !== 'active');
  return (
    <>
      <PlanLinks plans={active} openId={openId} />
      {finished.length > 0 && (
        <details
          className={styles['finished']}
          open={active.length === 0 || finished.some(({ id }) => id === openId)}
        >
          <summary>Finished ({finished.length})</summary>
          <PlanLinks plans={finished} openId={openId} />
        </details>
      )}
    </>
  );
}

function PlanLinks({ plans, openId }: { plans: readonly PlanSummary[]; openId: string | null }) {
  return (
    <ul>
      {plans.map((plan) => (
        <li key={plan.id}>
          <a
            className={styles['plan']}
            href={planLink(plan.id)}
            aria-current={plan.id === openId ? 'page' : undefined}
          >
            <span className={styles['title']}>{plan.title}</span>
            <span className={styles['state']}>
              {plan.status === 'active' ? progressSentence(plan) : planWords[plan.status]}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
