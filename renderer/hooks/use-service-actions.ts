import { useState } from 'react';
import type { ServiceStatus } from '../../shared/status.ts';
import type { ServiceAction } from '../model/service-view.ts';
import { useControl } from './use-control.ts';

/** Starting, stopping and restarting one service, with what became of the last try. */
export interface ServiceActionsHandle {
  readonly pending: boolean;
  /** What was tried last; said with the error. */
  readonly attempt: ServiceAction;
  /** Why it was refused, or null. */
  readonly error: string | null;
  readonly act: (action: ServiceAction) => void;
  readonly dismiss: () => void;
}

export function useServiceActions({ name }: Pick<ServiceStatus, 'name'>): ServiceActionsHandle {
  const { pending, error, send, dismiss } = useControl();
  const [attempt, setAttempt] = useState<ServiceAction>('Start');

  function act(action: ServiceAction): void {
    setAttempt(action);
    void send<ServiceAction>({ type: action, service: name });
  }
  return { pending, attempt, error, act, dismiss };
}
