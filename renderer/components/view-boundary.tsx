import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { EmptyState, Section } from './section.tsx';

interface Props {
  readonly title: string;
  readonly children: ReactNode;
}

/** A mistake in one view, or one that cannot be fetched, takes neither the header nor the others away. */
export function ViewBoundary({ title, children }: Props) {
  return (
    <ErrorBoundary
      fallback={(error) => (
        <Section title={title}>
          <EmptyState>
            <p>This view made a mistake; everything else works on. {error}</p>
            <Button onPress={() => location.reload()}>Reload the page</Button>
          </EmptyState>
        </Section>
      )}
    >
      {children}
    </ErrorBoundary>
  );
}
