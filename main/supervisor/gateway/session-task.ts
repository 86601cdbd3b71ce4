/**
 * The tasks of a session (MCP 2025-11-25). They are where the session was when they were made; one that has
 * moved since may ask for a task that ended with its instance.
 */
import type { IncomingMessage } from 'node:http';
import type { Home, Session } from '../pool/sessions.ts';
import type { TaskBirths } from '../pool/task-births.ts';
import type { TaskFacts } from './answer-facts.ts';
import { requestHeaders } from './forward.ts';
import type { RpcMessage } from './rpc-message.ts';

/** What the pool knows of tasks. */
export type Tasks = Pick<TaskBirths, 'note' | 'isLost'>;

/** Keeps what the answer to a session's request tells of a task. */
export function noteTask(
  tasks: Tasks,
  session: Session,
  message: RpcMessage,
  told: TaskFacts | null,
  { instance }: Home,
): void {
  if (told) tasks.note(nameOf(session, told.taskId), instance, told.isOpen);
  // The result of a task does not name it, and there is one only when it is over.
  else if (isAboutTask(message) && message.method === 'tasks/result')
    tasks.note(nameOf(session, message.taskId), instance, false);
}

/** Whether the message is a request about one task. */
export function isAboutTask(
  message: RpcMessage,
): message is Extract<RpcMessage, { kind: 'request' }> & { readonly taskId: string } {
  return message.kind === 'request' && message.taskId !== null;
}

/** True when the task is gone with the instance that had it, so that there is nobody to ask. */
export async function isTaskLost(
  tasks: Tasks,
  session: Session,
  request: IncomingMessage,
  taskId: string,
  { instance, upstreamId }: Home,
): Promise<boolean> {
  const headers = requestHeaders(request, true, { upstreamId: null });
  const asker = { origin: instance.origin, headers, upstreamId };
  return await tasks.isLost(nameOf(session, taskId), instance, asker);
}

function nameOf({ opening }: Session, taskId: string) {
  return { sessionId: opening.sessionId, taskId };
}
