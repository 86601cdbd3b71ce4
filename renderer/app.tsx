/** The page: a message while there is nothing to show, the status page once there is. */

import type { PageBridge } from './bridge.ts';
import { ConnectionBanner } from './components/connection-banner.tsx';
import { FullPageMessage } from './components/full-page-message.tsx';
import { StatusPage } from './components/status-page.tsx';
import { TokenNeeded } from './components/token-needed.tsx';
import { BridgeContext } from './hooks/use-bridge.ts';
import { usePageState } from './hooks/use-page-state.ts';

export function App({ bridge }: { readonly bridge: PageBridge }) {
  const { connection, snapshot, receivedAt, events, usage } = usePageState(bridge);

  if (connection === 'unauthorized') return <TokenNeeded onRetry={() => bridge.reconnect()} />;
  if (snapshot === null) {
    return (
      <FullPageMessage title="Project Memory Supervisor">
        <p role="status">
          {connection === 'lost'
            ? 'The supervisor does not answer. Trying again…'
            : 'Connecting to the supervisor…'}
        </p>
      </FullPageMessage>
    );
  }
  const stale = connection === 'lost';
  return (
    <BridgeContext value={bridge}>
      <StatusPage snapshot={snapshot} events={events} usage={usage} stale={stale} />
      <ConnectionBanner
        visible={stale}
        stopped={snapshot.stopping}
        receivedAt={receivedAt}
        onRetry={() => bridge.reconnect()}
      />
    </BridgeContext>
  );
}
