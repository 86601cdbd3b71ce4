/** memory_plan: plans of work and their notes. */
import { z } from 'zod';
import { createId } from '../events.ts';
import { type Plan, planStatuses } from '../store.ts';
import { action, type Tool } from './action.ts';
import { limit, line, planId, prose, workspaceId } from './fields.ts';
import { insertSteps } from './steps.ts';

const title = line('Short title of the plan.');
const description = prose('What the plan is about.');
const category = line('Kind of work: feature, bugfix, refactor, investigation …').max(64);

const create = action(
  'create',
  'Creates a plan in a workspace, with its first steps if given.',
  {
    workspace_id: workspaceId,
    title,
    description: description.default(''),
    category: category.default('feature'),
    steps: z.array(line('One task.')).max(200).default([]).describe('The tasks, in order.'),
  },
  (input, { store, change }) =>
    change((emit, at) => {
      const { workspace_id } = store.workspace(input.workspace_id);
      const plan: Plan = {
        plan_id: createId('plan', new Date(at)),
        workspace_id,
        title: input.title,
        description: input.description,
        category: input.category,
        status: 'active',
        created_at: at,
        updated_at: at,
      };
      store.insertPlan(plan);
      const steps = insertSteps(store, plan.plan_id, input.steps, at);
      emit({
        type: 'plan_created',
        workspace_id,
        plan_id: plan.plan_id,
        data: { title: plan.title, category: plan.category },
      });
      return { plan, steps };
    }),
);

export const getPlan = action(
  'get',
  'Returns a plan with its steps, notes and the keys of its stored context.',
  { plan_id: planId },
  ({ plan_id }, { store }) => ({
    plan: store.plan(plan_id),
    steps: store.steps(plan_id),
    notes: store.notes(plan_id),
    context_keys: store.contexts(plan_id).map((entry) => entry.key),
  }),
);

export const listPlans = action(
  'list',
  'Lists the plans of a workspace, the last changed first.',
  {
    workspace_id: workspaceId,
    status: z.enum(planStatuses).optional().describe('Only plans in this status.'),
    limit,
  },
  (input, { store }) => {
    const { workspace_id: workspaceId } = store.workspace(input.workspace_id);
    return {
      plans: store.plans({ workspaceId, status: input.status, limit: input.limit }),
      total: store.countPlans(workspaceId, input.status),
    };
  },
);

const update = action(
  'update',
  'Changes the given fields of a plan. Status "active" also brings an archived plan back.',
  {
    plan_id: planId,
    title: title.optional(),
    description: description.optional(),
    category: category.optional(),
    status: z
      .enum(['active', 'completed'])
      .optional()
      .describe('The new status (action archive archives a plan).'),
  },
  ({ plan_id, ...fields }, { store, change }) =>
    change((emit, at) => {
      const before = store.plan(plan_id);
      const changes = differences(before, fields);
      if (Object.keys(changes).length === 0) return { plan: before, changed: false };
      const plan: Plan = { ...before, ...changes, updated_at: at };
      store.updatePlan(plan);
      emit({
        type: 'plan_updated',
        workspace_id: plan.workspace_id,
        plan_id,
        data: { changes },
      });
      return { plan, changed: true };
    }),
);

const archive = action(
  'archive',
  'Archives a plan: it is kept and no longer counts as active.',
  { plan_id: planId },
  ({ plan_id }, { store, change }) =>
    change((emit, at) => {
      const before = store.plan(plan_id);
      if (before.status === 'archived') return { plan: before, changed: false };
      const plan: Plan = { ...before, status: 'archived', updated_at: at };
      store.updatePlan(plan);
      emit({
        type: 'plan_archived',
        workspace_id: plan.workspace_id,
        plan_id,
        data: { title: plan.title },
      });
      return { plan, changed: true };
    }),
);

const remove = action(
  'delete',
  'Deletes a plan for good, with its steps, notes, context and agent sessions.',
  { plan_id: planId },
  ({ plan_id }, { store, change }) =>
    change((emit) => {
      const plan = store.plan(plan_id);
      store.deletePlan(plan_id);
      emit({
        type: 'plan_deleted',
        workspace_id: plan.workspace_id,
        plan_id,
        data: { title: plan.title },
      });
      return { deleted: true, plan_id };
    }),
);

const addNote = action(
  'add_note',
  'Adds a note to a plan; notes are only ever added.',
  { plan_id: planId, note: prose('The note.').trim().min(1) },
  ({ plan_id, note }, { store, change }) =>
    change((emit, at) => {
      const { workspace_id } = store.plan(plan_id);
      store.insertNote(plan_id, { note, created_at: at });
      store.touchPlan(plan_id, at);
      emit({ type: 'note_added', workspace_id, plan_id, data: { note } });
      return { plan_id, notes: store.notes(plan_id) };
    }),
);

export const planTool: Tool = {
  name: 'memory_plan',
  title: 'Plans',
  description:
    'Plans are pieces of work in a workspace, each with steps, notes and stored context. To look at plans without the means to change them, use memory_read.',
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: false,
  },
  actions: [create, getPlan, listPlans, update, archive, remove, addNote],
};

/** The given fields that say something new. */
function differences(
  before: Plan,
  fields: { readonly [Name in keyof Plan]?: Plan[Name] | undefined },
): Partial<Plan> {
  const changed = Object.entries(fields).filter(
    ([name, value]) => value !== undefined && value !== before[name as keyof Plan],
  );
  return Object.fromEntries(changed);
}
