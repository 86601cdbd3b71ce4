/** memory_context: values that agents keep with a plan. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { CodedError } from '../../../shared/errors.ts';
import { action, type Tool } from './action.ts';
import { limit, line, planId, workspaceId } from './fields.ts';

const key = line('Name of the value within its plan.').max(200);

/** Arguments are JSON already; `z.json()` is recursive, and a flat schema has no place for that. */
const jsonValue = z.unknown().refine((value) => value !== undefined);

const store = action(
  'store',
  'Keeps a value under a key, in place of what was there.',
  {
    plan_id: planId,
    key,
    value: jsonValue.describe('Any JSON value: text, number, list, object …'),
  },
  (input, { store, change }) =>
    change((emit, at) => {
      const { workspace_id, plan_id } = store.plan(input.plan_id);
      const before = store.findContext(plan_id, input.key);
      if (before !== undefined && isDeepStrictEqual(before.value, input.value)) {
        return { entry: before, changed: false };
      }
      const entry = { plan_id, key: input.key, value: input.value, updated_at: at };
      store.putContext(entry);
      store.touchPlan(plan_id, at);
      emit({ type: 'context_stored', workspace_id, plan_id, data: { key: entry.key } });
      return { entry, changed: true };
    }),
);

export const getContext = action(
  'get',
  'Returns the value that is kept under a key.',
  { plan_id: planId, key },
  (input, { store }) => {
    const { plan_id } = store.plan(input.plan_id);
    const entry = store.findContext(plan_id, input.key);
    if (entry !== undefined) return { entry };
    throw new CodedError(
      'not_found',
      `Plan "${plan_id}" keeps nothing under "${input.key}". See its keys with memory_context list.`,
    );
  },
);

export const listContext = action(
  'list',
  'Lists the keys of a plan and when each was stored.',
  { plan_id: planId },
  (input, { store }) => {
    const { plan_id } = store.plan(input.plan_id);
    const entries = store.contexts(plan_id);
    return {
      plan_id,
      entries: entries.map((entry) => ({ key: entry.key, updated_at: entry.updated_at })),
    };
  },
);

export const searchContext = action(
  'search',
  'Finds entries whose key or value contains a text, the newest first.',
  {
    query: line('The text to look for; upper and lower case count as equal.'),
    plan_id: planId.optional(),
    workspace_id: workspaceId.optional(),
    limit,
  },
  (input, { store }) => {
    if (input.plan_id !== undefined) store.plan(input.plan_id);
    if (input.workspace_id !== undefined) store.workspace(input.workspace_id);
    return {
      entries: store.searchContexts({
        query: input.query,
        planId: input.plan_id,
        workspaceId: input.workspace_id,
        limit: input.limit,
      }),
    };
  },
);

export const contextTool: Tool = {
  name: 'memory_context',
  title: 'Context of a plan',
  description:
    'Context is what agents want to remember about a plan: any JSON value under a key. It outlives the conversation.',
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  actions: [store, getContext, listContext, searchContext],
};
