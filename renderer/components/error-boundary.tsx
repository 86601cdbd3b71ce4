import { Component, type ReactNode } from 'react';
import { messageOf } from '../../shared/errors.ts';
import { Button } from './button.tsx';
import { FullPageMessage } from './full-page-message.tsx';

interface Props {
  readonly children: ReactNode;
}

interface State {
  readonly error: string | null;
}

/** The last resort: a mistake in the page must not leave a blank one. React logs it to the console. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: messageOf(error) };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <FullPageMessage title="This page made a mistake">
        <p>The supervisor itself runs on. What went wrong here: {this.state.error}</p>
        <Button onPress={() => location.reload()}>Reload the page</Button>
      </FullPageMessage>
    );
  }
}
