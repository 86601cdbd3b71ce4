/** What an answer says that the gateway wants to know: that the call failed, or that it became a task. */
import { eventData } from './event-stream.ts';
import { fields, parseObject } from './rpc-message.ts';
import type { StreamTail } from './stream-tail.ts';

export interface AnswerFacts {
  /** An error of JSON-RPC, or a tool that says it failed. */
  readonly isError: boolean;
  /** The task that the call became, or that it is about (SEP-2663, and MCP 2025-11-25 tasks). */
  readonly task: TaskFacts | null;
}

export interface TaskFacts {
  readonly taskId: string;
  /** It is being worked on, or waits for its client. */
  readonly isOpen: boolean;
}

/** What the status of a task is as long as it is not over. */
const openStatus = new Set<unknown>(['working', 'input_required']);

/** Larger answers are not looked at: errors and tasks are short. */
const maxLookedAt = 64 * 1024;

const nothingSpecial: AnswerFacts = { isError: false, task: null };

/** The words of which an answer of interest has one. Quotes within its texts are escaped, and do not match. */
const words = /"error"|"isError": ?true|"taskId"/;

/** Reads a complete answer. One that is large, compressed or without these words is taken for a plain one. */
export function readAnswer(tail: StreamTail): AnswerFacts {
  const bytes = tail.whole(maxLookedAt);
  if (bytes === null || !words.test(bytes.toString('latin1'))) return nothingSpecial;
  const message = messageIn(bytes.toString('utf8'));
  if (message === null) return nothingSpecial;
  const result = fields(message['result']);
  const task = result['taskId'] === undefined ? fields(result['task']) : result;
  const { taskId, status } = task;
  return {
    isError: message['error'] !== undefined || result['isError'] === true,
    task: typeof taskId === 'string' ? { taskId, isOpen: openStatus.has(status) } : null,
  };
}

/** The answer itself, or that in the last event of the stream. */
function messageIn(text: string): Readonly<Record<string, unknown>> | null {
  if (text.trimStart().startsWith('{')) return parseObject(text);
  const datas = text.split(/\r?\n\r?\n/).map(eventData);
  return parseObject(datas.findLast((data) => data.trim() !== '') ?? '');
}
