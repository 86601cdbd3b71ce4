import { Component, type ReactNode } from 'react';
import { messageOf } from '../../shared/errors.ts';

interface Props {
  /** What is shown instead when something inside made a mistake. React logs it to the console. */
  readonly fallback: (error: string) => ReactNode;
  readonly children: ReactNode;
}

interface State {
  readonly error: string | null;
}

/** Keeps a mistake inside itself: what stands around it works on. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: messageOf(error) };
  }

  override render(): ReactNode {
    const { fallback, children } = this.props;
    return this.state.error === null ? children : fallback(this.state.error);
  }
}
