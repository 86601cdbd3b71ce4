/**
 * Turns any line or body into exactly one reply (old weakness W18: a bad request got none). It never
 * throws: whatever goes wrong becomes `{"ok":false,"error":…,"code":…}`.
 */
import {
  type ControlRequest,
  type ErrorReply,
  maxLineBytes,
  type Reply,
  type ReplyData,
  type RequestOf,
  type RequestType,
  requestSchemas,
} from '../../../shared/control-protocol.ts';
import { CodedError, codeOf, messageOf } from '../../../shared/errors.ts';
import type { Line } from './ndjson.ts';

/** One function for each request type. */
export type Handlers = {
  readonly [Type in RequestType]: (
    request: RequestOf<Type>,
  ) => ReplyData[Type] | Promise<ReplyData[Type]>;
};

export type Dispatch = (request: unknown) => Promise<Reply>;

export function createDispatcher(handlers: Handlers): Dispatch {
  return async (request) => {
    const id = idOf(request);
    try {
      const valid = validate(request);
      const handle = handlers[valid.type] as (request: ControlRequest) => unknown;
      return { ok: true, data: await handle(valid), ...id };
    } catch (error) {
      return { ok: false, error: messageOf(error), code: codeOf(error), data: null, ...id };
    }
  };
}

/** What a line holds: a request, or the reply that says why it holds none. */
export type Received = { readonly request: unknown } | { readonly refusal: ErrorReply };

/** Reads one line as it came over a socket. */
export function readRequest(line: Line): Received {
  if ('problem' in line) {
    return line.problem === 'too_large'
      ? refuse('too_large', `The line is longer than ${maxLineBytes} bytes.`)
      : refuse('bad_json', 'The line is not valid UTF-8.');
  }
  try {
    return { request: JSON.parse(line.text) };
  } catch (error) {
    return refuse('bad_json', `The line is not valid JSON: ${messageOf(error)}`);
  }
}

function refuse(code: ErrorReply['code'], error: string): Received {
  return { refusal: { ok: false, error, code, data: null } };
}

/** The `id` of a request, to be echoed; nothing when it has none that can be. */
export function idOf(request: unknown): { id?: string | number } {
  if (typeof request !== 'object' || request === null || !('id' in request)) return {};
  const { id } = request;
  return typeof id === 'string' || typeof id === 'number' ? { id } : {};
}

function validate(request: unknown): ControlRequest {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new CodedError('bad_request', 'A request is a JSON object: {"type":"Status"}.');
  }
  const type = 'type' in request ? request.type : undefined;
  if (typeof type !== 'string') {
    throw new CodedError('bad_request', 'A request needs a "type", for example {"type":"Status"}.');
  }
  if (!Object.hasOwn(requestSchemas, type)) {
    const known = Object.keys(requestSchemas).join(', ');
    throw new CodedError('unknown_type', `Unknown type "${type.slice(0, 60)}". Known: ${known}.`);
  }
  const parsed = requestSchemas[type as RequestType].safeParse(request);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new CodedError('bad_request', `${type}: field "${field}": ${issue?.message}.`);
  }
  return { type, ...parsed.data } as ControlRequest;
}
