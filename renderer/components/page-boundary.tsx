import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { FullPageMessage } from './full-page-message.tsx';

/** The last resort: a mistake in the page must not leave a blank one. */
export function PageBoundary({ children }: { readonly children: ReactNode }) {
  return (
    <ErrorBoundary
      fallback={(error) => (
        <FullPageMessage title="This page made a mistake">
          <p>The supervisor itself runs on. What went wrong here: {error}</p>
          <Button onPress={() => location.reload()}>Reload the page</Button>
        </FullPageMessage>
      )}
    >
      {children}
    </ErrorBoundary>
  );
}
