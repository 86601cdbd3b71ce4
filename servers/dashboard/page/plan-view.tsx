import { type ReactNode, useState } from 'react';
import type { AgentSession, ContextKey, PlanDetail, Step, Workspace } from '../dashboard-api.d.ts';
import { Empty } from './empty.tsx';
import styles from './plan-view.module.css';
import { StepIcon } from './step-icon.tsx';
import { Time } from './time.tsx';
import { planWords, progressSentence, stepWords } from './wording.ts';

interface PlanViewProps {
  readonly plan: PlanDetail | 'missing';
  readonly workspaces: readonly Workspace[];
}

/** One plan with all that belongs to it. */
export function PlanView({ plan, workspaces }: PlanViewProps) {
  // What changes after this moment is marked: the reader has not seen it.
  const [openedAt] = useState(() => new Date().toISOString());
  if (plan === 'missing')
    return (
      <article className={styles['card']}>
        <Empty title="This plan does not exist.">
          It may have been deleted. Choose another one from the list.
        </Empty>
      </article>
    );
  const workspace = workspaces.find(({ id }) => id === plan.workspace_id);
  return (
    <article className={styles['card']} aria-labelledby="plan-title">
      <p className={styles['quiet']}>
        {workspace?.name ?? plan.workspace_id} · {plan.category} · {planWords[plan.status]}
      </p>
      <h2 className={styles['title']} id="plan-title">
        {plan.title}
      </h2>
      {plan.description !== '' && <p className={styles['description']}>{plan.description}</p>}
      <Progress plan={plan} />
      <Steps steps={plan.steps} openedAt={openedAt} />
      <Sessions sessions={plan.agent_sessions} />
      <Contexts contexts={plan.contexts} />
    </article>
  );
}

/** What stands in the middle while there is no plan at all. */
export function NoPlan({ hasWorkspaces }: { hasWorkspaces: boolean }) {
  return (
    <div className={styles['card']}>
      <Empty title={hasWorkspaces ? 'No plans yet.' : 'Nothing to show yet.'}>
        {hasWorkspaces ? (
          <>
            An agent that calls <code>memory_plan</code> makes one; its steps appear here as they
            are done.
          </>
        ) : (
          <>
            Connect an AI client to the memory server. Its workspaces, plans and steps appear here
            as it works; there is no need to reload this page.
          </>
        )}
      </Empty>
    </div>
  );
}

function Progress({ plan }: { plan: PlanDetail }) {
  if (plan.steps_total === 0) return null;
  return (
    <div className={styles['progress']}>
      <progress
        className={styles['bar']}
        max={plan.steps_total}
        value={plan.steps_done}
        aria-label="Steps done"
      />
      <span>{progressSentence(plan)}</span>
    </div>
  );
}

function Steps({ steps, openedAt }: { steps: readonly Step[]; openedAt: string }) {
  if (steps.length === 0)
    return (
      <Empty title="No steps yet.">
        An agent adds them with <code>memory_steps</code>.
      </Empty>
    );
  return (
    <ol className={styles['steps']} aria-label="Steps">
      {steps.map((step) => (
        // A change makes a new row, so that its highlight starts anew.
        <li
          key={`${step.step_index} ${step.updated_at}`}
          className={step.updated_at > openedAt ? styles['fresh'] : undefined}
          data-status={step.status}
        >
          <StepIcon status={step.status} />
          <div>
            <p className={styles['task']}>{step.task}</p>
            {step.notes !== '' && <p className={styles['notes']}>{step.notes}</p>}
          </div>
          <span className={styles['status']}>{stepWords[step.status]}</span>
        </li>
      ))}
    </ol>
  );
}

function Sessions({ sessions }: { sessions: readonly AgentSession[] }) {
  if (sessions.length === 0) return null;
  return (
    <Part title="Agents">
      <ul className={styles['rows']}>
        {sessions.map((session) => (
          <li key={session.id}>
            <div>
              <p className={styles['task']}>{session.agent_type}</p>
              {session.summary && <p className={styles['notes']}>{session.summary}</p>}
            </div>
            <span className={styles['status']}>
              {session.ended_at === null ? (
                <>
                  At work since <Time iso={session.started_at} />
                </>
              ) : (
                <>
                  Finished <Time iso={session.ended_at} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Contexts({ contexts }: { contexts: readonly ContextKey[] }) {
  if (contexts.length === 0) return null;
  return (
    <Part title="Stored context">
      <ul className={styles['rows']}>
        {contexts.map((context) => (
          <li key={context.key}>
            <code className={styles['task']}>{context.key}</code>
            <span className={styles['status']}>
              <Time iso={context.updated_at} />
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className={styles['part']}>{title}</h3>
      {children}
    </section>
  );
}
