/** How a request can fail at its instance, and how its client is told. */
import { messageOf } from '../../../shared/errors.ts';
import type { RpcMessage } from './rpc-message.ts';

/** Characters of a name in a sentence. */
const maxNameChars = 100;

/** The instance answered that it does not know the session: it was restarted, or has reaped it. */
export class SessionLost extends Error {}

/** The answer began and did not end. */
export class BrokenOff extends Error {}

/** It did not come as far as the server: there is nothing that could happen twice. */
export function isUntouched(failure: Error): boolean {
  return failure instanceof SessionLost || codeOfSystem(failure) === 'ECONNREFUSED';
}

export function unreached(failure: Error): string {
  return `No MCP instance answered the request (${messageOf(failure)}). Calling again does no harm.`;
}

export function interrupted(message: RpcMessage, failure: Error): string {
  const what =
    message.kind === 'request' && message.tool !== null
      ? `The tool "${message.tool}" was running when the MCP server ended`
      : 'The MCP server ended while it worked on the request';
  return (
    `${what} (${messageOf(failure)}). It was not called again, because it may have taken effect and ` +
    'does not say that a second call is safe. Check what was done, then call again if needed.'
  );
}

export function taskLost(taskId: string): string {
  return (
    `The task "${taskId.slice(0, maxNameChars)}" is gone: the MCP server that worked on it has ended, and no other one knows it. ` +
    'What it had done by then may have taken effect. Check what was done, then start it again if needed.'
  );
}

/** The system's code of a failure, or of what caused it. */
function codeOfSystem(failure: Error): string | undefined {
  const { code, cause } = failure as NodeJS.ErrnoException & { cause?: unknown };
  return code ?? (cause instanceof Error ? codeOfSystem(cause) : undefined);
}
