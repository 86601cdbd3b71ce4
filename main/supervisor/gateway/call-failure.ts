/** How a request can fail at its instance, whether it may be made again, and how its client is told. */
import type { ServerResponse } from 'node:http';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import type { CallRecord } from './call-record.ts';
import { endCall } from './json-rpc.ts';
import type { RpcMessage } from './rpc-message.ts';

/** Characters of a name in a sentence. */
const maxNameChars = 100;

/** The instance answered that it does not know the session: it was restarted, or has reaped it. */
export class SessionLost extends Error {}

/** The answer began and did not end. */
export class BrokenOff extends Error {}

/** What a try failed by. Throws a refusal of our own: that is no failure of the instance. */
export function failureOf(error: unknown): Error {
  if (error instanceof CodedError) throw error;
  return error instanceof Error ? error : new Error(messageOf(error));
}

/** It did not come as far as the server: there is nothing that could happen twice. */
export function isUntouched(failure: Error): boolean {
  return failure instanceof SessionLost || codeOfSystem(failure) === 'ECONNREFUSED';
}

/**
 * Whether to make the request again does no harm: nothing could happen twice, or its tool says that a second
 * call is safe, which `isRepeatable` finds out.
 */
export async function isHarmless(
  failure: Error,
  message: RpcMessage,
  isRepeatable: (tool: string) => Promise<boolean>,
): Promise<boolean> {
  if (isUntouched(failure) || message.kind === 'notification') return true;
  if (message.kind !== 'request') return false;
  if (message.method !== 'tools/call') return true;
  return message.tool !== null && (await isRepeatable(message.tool));
}

/** A request that its client waits for. */
export interface OpenCall {
  readonly message: RpcMessage;
  readonly response: ServerResponse;
  readonly record: CallRecord;
}

/** Answers the request with an error; in its stream, where that has begun. */
export function failCall(
  { message, response, record }: OpenCall,
  sentence: string,
  data: { readonly code: string; readonly retryable?: boolean },
): void {
  record.isFailure = true;
  if (!response.headersSent) response.setHeader('X-Request-Id', record.requestId);
  endCall(response, message, sentence, data);
}

/**
 * Tells the client what became of its request, which is not made again. Throws what the caller is to
 * answer where no JSON-RPC message can tell it: `isCall` says whether one can.
 */
export function giveUp(
  call: OpenCall,
  failure: Error,
  { retryable, isCall }: { readonly retryable: boolean; readonly isCall: boolean },
): void {
  const { message, response, record } = call;
  record.isInterrupted = !retryable;
  const sentence = retryable ? unreached(failure) : interrupted(message, failure);
  if (!isCall && !response.headersSent) throw new CodedError('instance_unavailable', sentence);
  failCall(call, sentence, { code: 'call_interrupted', retryable });
}

function unreached(failure: Error): string {
  return `No MCP instance answered the request (${messageOf(failure)}). Calling again does no harm.`;
}

function interrupted(message: RpcMessage, failure: Error): string {
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
