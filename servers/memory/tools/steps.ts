/** memory_steps: the tasks of a plan, in order. */
import { z } from 'zod';
import { CodedError } from '../../../shared/errors.ts';
import { type Step, type Store, stepStatuses } from '../store.ts';
import { action, type Tool } from './action.ts';
import { line, planId, prose } from './fields.ts';

const add = action(
  'add',
  'Adds steps to the end of a plan; give task for one, tasks for several.',
  {
    plan_id: planId,
    task: line('One task.').optional(),
    tasks: z.array(line('One task.')).max(200).optional().describe('Several tasks, in order.'),
  },
  ({ plan_id, task, tasks = [] }, { store, change }) => {
    const wanted = task === undefined ? tasks : [task, ...tasks];
    if (wanted.length === 0) {
      throw new CodedError('bad_request', 'Nothing to add: give task or a non-empty tasks.');
    }
    return change((emit, at) => {
      const { workspace_id } = store.plan(plan_id);
      const added = insertSteps(store, plan_id, wanted, at);
      store.touchPlan(plan_id, at);
      emit({
        type: 'plan_updated',
        workspace_id,
        plan_id,
        data: { changes: { stepsAdded: added.length } },
      });
      return { plan_id, steps: store.steps(plan_id) };
    });
  },
);

export const listSteps = action(
  'list',
  'Lists the steps of a plan in order.',
  { plan_id: planId },
  ({ plan_id }, { store }) => ({
    plan_id: store.plan(plan_id).plan_id,
    steps: store.steps(plan_id),
  }),
);

const update = action(
  'update',
  'Changes the given fields of one step.',
  {
    plan_id: planId,
    step_index: z.number().int().min(0).describe('Which step; they count from 0.'),
    status: z.enum(stepStatuses).optional().describe('The new status.'),
    notes: prose('What is worth knowing about this step; replaces its notes.').optional(),
    task: line('The new wording of the task.').optional(),
  },
  ({ plan_id, step_index, status, notes, task }, { store, change }) =>
    change((emit, at) => {
      const { workspace_id } = store.plan(plan_id);
      const before = store.step(plan_id, step_index);
      const step: Step = {
        ...before,
        status: status ?? before.status,
        notes: notes ?? before.notes,
        task: task ?? before.task,
        updated_at: at,
      };
      const changed =
        step.status !== before.status || step.notes !== before.notes || step.task !== before.task;
      if (!changed) return { plan_id, step: before, changed };
      store.updateStep(plan_id, step);
      store.touchPlan(plan_id, at);
      emit({
        type: 'step_updated',
        workspace_id,
        plan_id,
        data: { stepIndex: step_index, newStatus: step.status },
      });
      return { plan_id, step, changed };
    }),
);

export const stepsTool: Tool = {
  name: 'memory_steps',
  title: 'Steps of a plan',
  description:
    'Steps are the tasks of a plan, in order, counted from 0. Set a step to active when you begin it and to done when it is finished.',
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  actions: [add, listSteps, update],
};

/** Appends tasks to a plan; only within a change. */
export function insertSteps(
  store: Store,
  planId: string,
  tasks: readonly string[],
  at: string,
): readonly Step[] {
  const first = store.countSteps(planId);
  const steps = tasks.map(
    (task, offset): Step => ({
      step_index: first + offset,
      task,
      status: 'pending',
      notes: '',
      updated_at: at,
    }),
  );
  for (const step of steps) store.insertStep(planId, step);
  return steps;
}
