/** What makes a service ready, from the keys of its section. */
import type { Probe } from './probes.ts';
import type { Launch } from './service.ts';

export interface ReadinessSettings {
  readonly readiness_http?: string | undefined;
  readonly readiness_tcp?: boolean | undefined;
  readonly readiness_log?: string | undefined;
}

/** `usual` is what is asked when the section says nothing; null for nothing. */
export function readinessOf(
  { readiness_http, readiness_tcp, readiness_log }: ReadinessSettings,
  port: number | null,
  usual: Probe | null,
): Pick<Launch, 'readiness' | 'liveness'> {
  if (readiness_log !== undefined) {
    // A line comes once; later it is asked as if nothing had been said.
    return { readiness: { kind: 'log', pattern: new RegExp(readiness_log, 'u') }, liveness: usual };
  }
  if (readiness_tcp === false) return { readiness: null };
  if (port === null) return { readiness: usual };
  if (readiness_http !== undefined) {
    return { readiness: { kind: 'http', url: `http://127.0.0.1:${port}${readiness_http}` } };
  }
  return { readiness: readiness_tcp === true ? { kind: 'tcp', port } : usual };
}
