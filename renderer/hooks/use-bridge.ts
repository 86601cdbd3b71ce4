import { createContext, use } from 'react';
import type { SupervisorBridge } from '../../shared/api.ts';

/** The bridge that components send their requests through. */
export const BridgeContext = createContext<SupervisorBridge | null>(null);

/** The bridge of this page; only inside `App`. */
export function useBridge(): SupervisorBridge {
  const bridge = use(BridgeContext);
  if (bridge === null) throw new Error('useBridge() needs a BridgeContext around it');
  return bridge;
}
