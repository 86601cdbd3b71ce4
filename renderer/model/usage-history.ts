/**
 * What each service used of the machine lately: a bounded series a service, for the sparklines. It is
 * gathered here and not by the supervisor, because only somebody who looks needs it.
 */
import type { ServiceStatus, StatusSnapshot } from '../../shared/status.ts';

/** How far the series reach back, in ms. */
export const usageSpanMs = 120_000;

/** The supervisor measures every two seconds; snapshots between two measurements say nothing new. */
const gapMs = 1_500;

export interface UsagePoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** 100 is one processor; null where it is not known. */
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
}

export interface UsageHistory {
  /** When the newest points were taken; 0 before the first. */
  readonly at: number;
  /** By the name of the service, oldest first. */
  readonly series: ReadonlyMap<string, readonly UsagePoint[]>;
}

export const noUsage: UsageHistory = { at: 0, series: new Map() };

/** The history with the numbers of one more snapshot; the given one when they are too early. */
export function recordUsage(
  history: UsageHistory,
  { services, instances }: Pick<StatusSnapshot, 'services' | 'instances'>,
  now: number,
): UsageHistory {
  // A clock that was set back must not stop the recording.
  if (now >= history.at && now - history.at < gapMs) return history;
  const all: readonly ServiceStatus[] = [...services, ...instances];
  const series = all.map((service) => {
    const { name } = service;
    // A pool has no process of its own: it uses what its instances use.
    const parts =
      service.kind === 'mcp_pool' ? instances.filter(({ server }) => server === name) : [service];
    const point: UsagePoint = {
      at: now,
      cpuPercent: sumOf(parts.map(({ cpuPercent }) => cpuPercent)),
      rssBytes: sumOf(parts.map(({ rssBytes }) => rssBytes)),
    };
    const kept = (history.series.get(name) ?? []).filter(
      ({ at }) => at <= now && now - at < usageSpanMs,
    );
    return [name, [...kept, point]] as const;
  });
  return { at: now, series: new Map(series) };
}

/** Of what is known; null where nothing is. */
function sumOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === 'number');
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}
