import { Component, type ReactNode } from 'react';
import { messageOf } from '../../shared/errors.ts';
import { Button } from './button.tsx';
import { EmptyState, Section } from './section.tsx';

interface Props {
  readonly title: string;
  readonly children: ReactNode;
}

interface State {
  readonly error: string | null;
}

/** A mistake in one view, or one that cannot be fetched, takes neither the header nor the others away. */
export class ViewBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: messageOf(error) };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <Section title={this.props.title}>
        <EmptyState>
          <p>This view made a mistake; everything else works on. {this.state.error}</p>
          <Button onPress={() => location.reload()}>Reload the page</Button>
        </EmptyState>
      </Section>
    );
  }
}
