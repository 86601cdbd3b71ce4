/**
 * The one table of coded errors. A code is part of the protocol: clients compare it, people search
 * for it, so a code is never reused for another meaning. `status` is the HTTP status it travels with.
 */
export const errorCodes = {
  already_running: { status: 409, title: 'Another supervisor has this place' },
  app_failed: { status: 502, title: 'The form app did not answer as it should' },
  at_capacity: { status: 409, title: 'There are as many as allowed' },
  bad_json: { status: 400, title: 'The line or body is not valid JSON' },
  bad_request: { status: 400, title: 'A field is missing or has the wrong type' },
  config_conflict: { status: 409, title: 'Somebody else changed the configuration file' },
  config_invalid: { status: 422, title: 'The configuration has errors' },
  config_unwritable: { status: 500, title: 'The configuration file cannot be written' },
  client_not_found: { status: 404, title: 'The client is not attached, or not any more' },
  events_disabled: { status: 503, title: 'The event channel is switched off' },
  file_conflict: { status: 409, title: 'The file was changed by hand, or is of another program' },
  forbidden_host: { status: 403, title: 'The Host header names a machine that this is not' },
  forbidden_origin: { status: 403, title: 'A web page of another origin may not call this' },
  fallback_unavailable: { status: 503, title: 'The fallback API is disabled or not reachable' },
  instance_unavailable: { status: 503, title: 'No MCP instance can take the request' },
  internal: { status: 500, title: 'The supervisor made a mistake' },
  not_acceptable: { status: 406, title: 'The client does not accept what this address answers' },
  not_found: { status: 404, title: 'There is no such thing' },
  overloaded: { status: 503, title: 'Too much is open or waiting already; try again later' },
  port_taken: { status: 503, title: 'Another program listens on the port' },
  service_failed: { status: 500, title: 'The service could not be started' },
  service_unavailable: { status: 503, title: 'The service behind the address is not running' },
  session_not_found: { status: 404, title: 'The MCP session has ended or never was' },
  signature_invalid: { status: 401, title: 'The webhook signature is missing, wrong or too old' },
  timed_out: { status: 504, title: 'It took longer than allowed' },
  too_large: { status: 413, title: 'The message is larger than allowed' },
  too_many_sessions: { status: 503, title: 'No further MCP session is accepted now' },
  too_many_subscribers: { status: 503, title: 'No further event subscriber is accepted now' },
  too_many_tries: { status: 429, title: 'Wrong tokens came too often' },
  unauthorized: { status: 401, title: 'The token is missing or wrong' },
  unknown_service: { status: 404, title: 'There is no service of that name' },
  unknown_type: { status: 400, title: 'There is no request of that type' },
  unsupported: { status: 501, title: 'This supervisor cannot do that' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error whose code survives the way over a socket, HTTP or IPC. The message names cause and cure. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of anything that was thrown; `internal` for what nobody expected. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof CodedError ? error.code : 'internal';
}
