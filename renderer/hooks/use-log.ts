import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { control } from '../../shared/api.ts';
import { createLogFollower, type LogState } from '../model/log-follower.ts';
import { useBridge } from './use-bridge.ts';
import { useVisible } from './use-visible.ts';

/** What a service prints; asked for while the component is mounted and the page can be seen. */
export function useLog(service: string): LogState {
  const bridge = useBridge();
  const visible = useVisible();
  const follower = useMemo(
    () => createLogFollower(service, (request) => control<'Logs'>(bridge, request)),
    [bridge, service],
  );
  const subscribe = useCallback(
    (listener: () => void) => (visible ? follower.subscribe(listener) : () => undefined),
    [follower, visible],
  );
  return useSyncExternalStore(subscribe, follower.getState);
}
