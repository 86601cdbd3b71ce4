/** The words for what happened and how things stand. */
import type { McpEvent, PlanStatus, PlanSummary, StepStatus } from '../dashboard-api.d.ts';

/** `1 step`, `3 steps`. */
function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export const stepWords: Readonly<Record<StepStatus, string>> = {
  pending: 'Pending',
  active: 'In progress',
  done: 'Done',
  blocked: 'Blocked',
};

export const planWords: Readonly<Record<PlanStatus, string>> = {
  active: 'Active',
  completed: 'Completed',
  archived: 'Archived',
};

/** `3 of 5 steps done, 1 blocked`. */
export function progressSentence(plan: PlanSummary): string {
  if (plan.steps_total === 0) return 'No steps yet';
  const blocked = plan.steps_blocked > 0 ? `, ${plan.steps_blocked} blocked` : '';
  return `${plan.steps_done} of ${count(plan.steps_total, 'step')} done${blocked}`;
}

/** One change in a few words: `Step 2 is done`. The plan or workspace is named beside it. */
export function changeSentence({ type, data, agent_type }: McpEvent): string {
  switch (type) {
    case 'workspace_registered':
      return 'Workspace registered';
    case 'workspace_changed':
    case 'workspace_indexed':
      return 'Workspace changed';
    case 'workspace_scope_changed':
    case 'focused_workspace_generated':
      return 'Focused workspace written';
    case 'plan_created':
      return 'Plan created';
    case 'plan_archived':
      return 'Plan archived';
    case 'plan_deleted':
      return 'Plan deleted';
    case 'step_updated':
    case 'step_changed':
      return stepSentence(data);
    case 'note_added':
      return 'Note added';
    case 'context_stored':
      return withName('Context stored', text(data, 'key', 'context_key', 'contextKey'));
    case 'agent_session_started':
      return withName('Agent started', agent_type ?? text(data, 'agent_type', 'agentType'));
    case 'agent_session_completed':
      return withName('Agent finished', agent_type ?? text(data, 'agent_type', 'agentType'));
    case 'handoff':
    case 'handoff_completed':
      return withName('Handed over', text(data, 'to_agent', 'toAgent'));
    case 'test':
      return withName('Test event', text(data, 'message'));
    default:
      return sentenceCase(type);
  }
}

/** Old servers write `stepIndex` and `newStatus`, the dashboard `step_index` and `new_status`. */
function stepSentence(data: McpEvent['data']): string {
  const index = data['step_index'] ?? data['stepIndex'];
  const step = typeof index === 'number' ? `Step ${index + 1}` : 'A step';
  const status = text(data, 'new_status', 'newStatus', 'status');
  if (status === null) return `${step} changed`;
  const word = status in stepWords ? stepWords[status as StepStatus].toLowerCase() : status;
  return `${step} is ${word}`;
}

function withName(sentence: string, name: string | null): string {
  return name === null ? sentence : `${sentence}: ${name}`;
}

function text(data: McpEvent['data'], ...keys: readonly string[]): string | null {
  const found = keys.map((key) => data[key]).find((value) => typeof value === 'string' && value);
  return typeof found === 'string' ? found : null;
}

/** `program_created` → `Program created`. */
function sentenceCase(type: string): string {
  const words = type.replaceAll(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
