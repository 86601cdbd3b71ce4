/** The page: a message while there is nothing to show, the status page once there is. */

import type { PageBridge } from './bridge.ts';
import { ConnectionBanner } from './components/connection-banner.tsx';
import { FullPageMessage } from './components/full-page-message.tsx';
import { StatusPage } from './components/status-page.tsx';
import { TokenNeeded } from './components/token-needed.tsx';
import { BridgeContext } from './hooks/use-bridge.ts';
import { PageStoreContext, usePageStore, usePart } from './hooks/use-page-state.ts';

export function App({ bridge }: { readonly bridge: PageBridge }) {
  const store = usePageStore(bridge);
  const connection = usePart(store, 'connection');
  const snapshot = usePart(store, 'snapshot');
  const receivedAt = usePart(store, 'receivedAt');
  const usage = usePart(store, 'usage');

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
      <PageStoreContext value={store}>
        <StatusPage snapshot={snapshot} usage={usage} stale={stale} />
      </PageStoreContext>
      <ConnectionBanner
        visible={stale}
        stopped={snapshot.stopping}
        receivedAt={receivedAt}
        onRetry={() => bridge.reconnect()}
      />
    </BridgeContext>
  );
}
