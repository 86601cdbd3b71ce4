import { expect, test } from 'vitest';
import type { PlanSummary } from '../dashboard-api.d.ts';
import { changeSentence, progressSentence } from './wording.ts';

function sentence(type: string, data: Record<string, unknown> = {}): string {
  return changeSentence({ id: 'evt_1', type, timestamp: '', data });
}

test('a step counts from 1 for people, whichever way its source spells the keys', () => {
  expect(sentence('step_updated', { stepIndex: 0, newStatus: 'active' })).toBe(
    'Step 1 is in progress',
  );
  expect(sentence('step_updated', { step_index: 1, new_status: 'done' })).toBe('Step 2 is done');
  expect(sentence('step_changed', { step_index: 2 })).toBe('Step 3 changed');
  expect(sentence('step_changed')).toBe('A step changed');
  expect(sentence('step_updated', { step_index: 0, status: 'waived' })).toBe('Step 1 is waived');
});

test('a change of an unknown type is told by its name', () => {
  expect(sentence('program_created')).toBe('Program created');
  expect(sentence('agent_session_started', { agentType: 'Executor' })).toBe(
    'Agent started: Executor',
  );
  const ended = { id: 'evt_1', type: 'agent_session_completed', timestamp: '', data: {} };
  expect(changeSentence({ ...ended, agent_type: 'Tester' })).toBe('Agent finished: Tester');
  expect(sentence('handoff_completed', { toAgent: 'Tester' })).toBe('Handed over: Tester');
  expect(sentence('context_stored', { key: 'research' })).toBe('Context stored: research');
});

test('progress is said in words', () => {
  const plan = { steps_total: 5, steps_done: 3, steps_blocked: 0 } as PlanSummary;
  expect(progressSentence(plan)).toBe('3 of 5 steps done');
  expect(progressSentence({ ...plan, steps_blocked: 1 })).toBe('3 of 5 steps done, 1 blocked');
  expect(progressSentence({ ...plan, steps_total: 1, steps_done: 0 })).toBe('0 of 1 step done');
  expect(progressSentence({ ...plan, steps_total: 0, steps_done: 0 })).toBe('No steps yet');
});
