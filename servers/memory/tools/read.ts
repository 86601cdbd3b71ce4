/**
 * memory_read: every reading action of the other tools. Annotations belong to a tool, not to an
 * action, so only a tool that cannot write may say `readOnlyHint`: clients then need not ask their
 * user, and a gateway may repeat the call after a crash.
 */
import { type Action, renamed, type Tool } from './action.ts';
import { listSessions } from './agent.ts';
import { getContext, listContext, searchContext } from './context.ts';
import { getPlan, listPlans } from './plan.ts';
import { listSteps } from './steps.ts';
import { getWorkspace, listWorkspaces } from './workspace.ts';

const actions: readonly Action[] = [
  renamed('workspaces', listWorkspaces),
  renamed('workspace', getWorkspace),
  renamed('plans', listPlans),
  renamed('plan', getPlan),
  renamed('steps', listSteps),
  renamed('context_keys', listContext),
  renamed('context', getContext),
  renamed('search', searchContext),
  renamed('agent_sessions', listSessions),
];

export const readTool: Tool = {
  name: 'memory_read',
  title: 'Read the memory',
  description:
    'Reads workspaces, plans, steps, context and agent sessions, and never changes anything. Prefer it for looking things up.',
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  actions,
};
