import { useEffect } from 'react';
import { type ConfigSession, isChanged } from './config-session.ts';

/**
 * Holds the page back from closing while there are changes. A browser then asks by itself. A window of
 * Electron just stays open, without a word (`beforeunload` there cancels silently), so `ask` asks.
 */
export function useLeaveGuard(session: ConfigSession, ask: (() => void) | null): void {
  useEffect(() => {
    const guard = (event: BeforeUnloadEvent) => {
      // The state of this moment: what was discarded a moment ago holds up nothing.
      if (!isChanged(session.getState())) return;
      event.preventDefault();
      ask?.();
    };
    window.addEventListener('beforeunload', guard);
    return () => window.removeEventListener('beforeunload', guard);
  }, [session, ask]);
}
