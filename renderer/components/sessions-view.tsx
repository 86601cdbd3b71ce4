import { useTrends } from '../hooks/use-trends.ts';
import { poolViews } from '../model/session-view.ts';
import type { ViewProps } from '../view.ts';
import { PoolSection } from './pool-section.tsx';
import { SessionFailovers } from './session-failovers.tsx';
import { SessionWindows } from './session-windows.tsx';
import { SessionsSection } from './sessions-section.tsx';

/** A failover is also seen in the session's row at once; the list of them may be a little late. */
const failoversEveryMs = 5_000;

export function SessionsView({ snapshot, usage }: ViewProps) {
  const { data } = useTrends(failoversEveryMs);
  return (
    <>
      {poolViews(snapshot).map((view) => (
        <PoolSection key={view.pool.name} view={view} usage={usage} />
      ))}
      <SessionsSection
        sessions={snapshot.sessions}
        clients={snapshot.clients}
        mcpUrl={snapshot.mcpUrl}
      />
      <SessionWindows clients={snapshot.clients} />
      <SessionFailovers failovers={data?.failovers ?? []} />
    </>
  );
}
