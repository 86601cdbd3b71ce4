/** What the streams of the gateway need: where it is, and the token, should it ask for one. */
import type { ReplyData } from '../shared/control-protocol.ts';
import { isAway, SupervisorError } from './supervisor-error.ts';

export interface Gateway {
  /** Asked anew at every connect: after a restart the port may be another one. */
  stats(signal: AbortSignal): Promise<ReplyData['EventStats']>;
  token(): Promise<string | null>;
  readonly connectTimeoutMs: number;
}

/** What a stream says about its connection, for people. */
export type StreamState =
  | { readonly connected: true }
  | { readonly connected: false; readonly reason: string };

/** Refusals that another try may not meet: the supervisor restarts, or somebody switches events on again. */
const passing = new Set<string>([
  'events_disabled',
  'instance_unavailable',
  'internal',
  'overloaded',
  'service_unavailable',
  'too_many_subscribers',
  'too_many_tries',
]);

/** Whether a stream comes back by itself after this. */
export function mayPass(error: unknown): error is SupervisorError {
  return isAway(error) || (error instanceof SupervisorError && passing.has(error.code));
}

export async function authorization(gateway: Gateway): Promise<Readonly<Record<string, string>>> {
  const token = await gateway.token();
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
