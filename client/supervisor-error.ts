import type { ErrorCode } from '../shared/errors.ts';

/**
 * The codes of the protocol, and those of a client that got no answer: nobody listens (`not_running`), the
 * reply did not come in time (`no_reply`), the connection ended before it (`disconnected`).
 */
export type SupervisorErrorCode = ErrorCode | 'not_running' | 'no_reply' | 'disconnected';

/** Why a request was not done. After `no_reply` and `disconnected` nobody knows whether it was. */
export class SupervisorError extends Error {
  override readonly name = 'SupervisorError';
  readonly code: SupervisorErrorCode;
  /** What the reply said besides: the problems of `config_invalid`, how far an app came; else null. */
  readonly details: unknown;

  constructor(code: SupervisorErrorCode, message: string, details: unknown = null) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Whether it is worth trying again without changing anything: the supervisor is away or restarts. */
export function isAway(error: unknown): boolean {
  return (
    error instanceof SupervisorError &&
    (error.code === 'not_running' || error.code === 'no_reply' || error.code === 'disconnected')
  );
}
