import { Button } from './button.tsx';
import { FullPageMessage } from './full-page-message.tsx';

/** Shown when the supervisor answers but does not know this browser. */
export function TokenNeeded({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <FullPageMessage title="This page needs its token">
      <p>
        Open the address that the supervisor printed when it started. This browser then stays known
        to it.
      </p>
      <Button onPress={onRetry}>Try again</Button>
    </FullPageMessage>
  );
}
