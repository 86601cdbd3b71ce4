/** How a service is asked whether it is well, as people read it. */
import type { ProbeStatus } from '../../../shared/status.ts';
import type { ReadyWhen } from './probes.ts';
import { livenessOf } from './process-life.ts';
import type { Launch, ServiceOptions } from './service.ts';
import type { LivenessSettings } from './watch.ts';

/** How often a service is asked that says nothing of it, in ms, and how often it may fail in a row. */
export const usualLiveness = { periodMs: 5_000, threshold: 3 };

/** When and how often a service is asked while it runs; looked up, as it may change. */
export function livenessSettingsOf({
  liveness,
  probeTimeoutMs,
}: Pick<ServiceOptions, 'liveness' | 'probeTimeoutMs'>): LivenessSettings {
  return liveness ?? { ...usualLiveness, timeoutMs: probeTimeoutMs };
}

/** Null before its first start: only then it has a port. */
export function probeStatusOf(launch: Launch | null, options: ServiceOptions): ProbeStatus | null {
  if (launch === null) return null;
  const { periodMs, timeoutMs, threshold } = livenessSettingsOf(options);
  return {
    ready: questionOf(launch.readiness),
    alive: periodMs === 0 ? null : questionOf(livenessOf(launch)),
    periodMs,
    timeoutMs,
    threshold,
    startTimeoutMs: options.startTimeoutMs,
  };
}

function questionOf(when: ReadyWhen | null): string | null {
  if (when === null) return null;
  if (when.kind === 'log') return `a line that matches ${when.pattern}`;
  return when.kind === 'http' ? `GET ${when.url}` : `TCP 127.0.0.1:${when.port}`;
}
