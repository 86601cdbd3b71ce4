/** memory_agent: which agent works on which plan, and who hands over to whom. */
import { createId } from '../events.ts';
import type { AgentSession } from '../store.ts';
import { action, type Tool } from './action.ts';
import { limit, line, planId, prose, sessionId } from './fields.ts';

const agentType = line('Role of the agent: coordinator, executor, reviewer …').max(64);

const startSession = action(
  'start_session',
  'Says that an agent begins to work on a plan; returns the session_id to end it with.',
  { plan_id: planId, agent_type: agentType },
  ({ plan_id, agent_type }, { store, change }) =>
    change((emit, at) => {
      const { workspace_id } = store.plan(plan_id);
      const session: AgentSession = {
        session_id: createId('sess', new Date(at)),
        plan_id,
        agent_type,
        started_at: at,
        ended_at: null,
        summary: null,
      };
      store.insertSession(session);
      emit({
        type: 'agent_session_started',
        workspace_id,
        plan_id,
        agent_type,
        data: { sessionId: session.session_id, agentType: agent_type },
      });
      return { session };
    }),
);

const endSession = action(
  'end_session',
  'Says that the agent has finished. A session that has ended already is returned as it is.',
  { session_id: sessionId, summary: prose('What was done and what is left.').optional() },
  ({ session_id, summary = null }, { store, change }) =>
    change((emit, at) => {
      const before = store.session(session_id);
      if (before.ended_at !== null) return { session: before, changed: false };
      const { plan_id, workspace_id } = store.plan(before.plan_id);
      store.endSession(session_id, at, summary);
      emit({
        type: 'agent_session_completed',
        workspace_id,
        plan_id,
        agent_type: before.agent_type,
        data: { sessionId: session_id, summary },
      });
      return { session: { ...before, ended_at: at, summary }, changed: true };
    }),
);

export const listSessions = action(
  'list',
  'Lists the agent sessions of a plan, or of all plans, the newest first.',
  { plan_id: planId.optional(), limit },
  (input, { store }) => {
    if (input.plan_id !== undefined) store.plan(input.plan_id);
    return { sessions: store.sessions(input.plan_id, input.limit) };
  },
);

const handoff = action(
  'handoff',
  'Records that one agent hands a plan over to another, and why.',
  {
    plan_id: planId,
    from_agent: agentType.describe('Role of the agent that hands over.'),
    to_agent: agentType.describe('Role of the agent that takes over.'),
    reason: prose('Why, and what the next agent should know.').trim().min(1),
  },
  ({ plan_id, from_agent, to_agent, reason }, { store, change }) =>
    change((emit, at) => {
      const { workspace_id } = store.plan(plan_id);
      store.touchPlan(plan_id, at);
      emit({
        type: 'handoff_completed',
        workspace_id,
        plan_id,
        agent_type: from_agent,
        data: { fromAgent: from_agent, toAgent: to_agent, reason },
      });
      return { handoff: { plan_id, from_agent, to_agent, reason, at } };
    }),
);

export const agentTool: Tool = {
  name: 'memory_agent',
  title: 'Agents',
  description:
    'Agent sessions say who works on which plan. Start one when you begin, end it with a summary, hand over when another role should go on.',
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  actions: [startSession, endSession, listSessions, handoff],
};
