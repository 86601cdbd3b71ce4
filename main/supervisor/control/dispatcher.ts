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
import { CodedError, codeOf, type ErrorCode, messageOf } from '../../../shared/errors.ts';
import { didYouMean } from '../config/nearest.ts';
import { type Caller, passerBy } from './caller.ts';
import type { Line } from './ndjson.ts';

/** One function for each request type. */
export type Handlers = {
  readonly [Type in RequestType]: (
    request: RequestOf<Type> & { readonly id?: string | number },
    caller: Caller,
  ) => ReplyData[Type] | Promise<ReplyData[Type]>;
};

export type Dispatch = (request: unknown, caller?: Caller) => Promise<Reply>;

/** A refusal that tells more than a sentence: its data goes into the reply. */
export class FailureWithData extends CodedError {
  readonly data: unknown;

  constructor(code: ErrorCode, message: string, data: unknown) {
    super(code, message);
    this.data = data;
  }
}

/** `onRequest` hears of every request that is one, valid or not, before it is done. */
export function createDispatcher(
  handlers: Handlers,
  onRequest: (request: object, caller: Caller) => void = () => {},
): Dispatch {
  return async (request, caller = passerBy) => {
    const id = idOf(request);
    try {
      if (typeof request === 'object' && request !== null) onRequest(request, caller);
      const valid = validate(request);
      const handle = handlers[valid.type] as (request: object, caller: Caller) => unknown;
      return { ok: true, data: await handle({ ...valid, ...id }, caller), ...id };
    } catch (error) {
      return { ...refusal(error), ...id };
    }
  };
}

/** The reply that tells an error. */
export function refusal(error: unknown): ErrorReply {
  const data = error instanceof FailureWithData ? error.data : null;
  return { ok: false, error: messageOf(error), code: codeOf(error), data };
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

function refuse(code: ErrorCode, error: string): Received {
  return { refusal: refusal(new CodedError(code, error)) };
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
  if (!Object.hasOwn(requestSchemas, type)) throw unknownType(type);
  const parsed = requestSchemas[type as RequestType].safeParse(request);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new CodedError('bad_request', `${type}: field "${field}": ${issue?.message}.`);
  }
  return { type, ...parsed.data } as ControlRequest;
}

function unknownType(type: string): CodedError {
  const known = Object.keys(requestSchemas);
  const shown = type.slice(0, 60);
  return new CodedError(
    'unknown_type',
    `Unknown type "${shown}"${didYouMean(shown, known)}. Known: ${known.join(', ')}.`,
  );
}
