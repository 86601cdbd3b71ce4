import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { SupervisorBridge } from '../../shared/api.ts';
import { control } from '../../shared/api.ts';
import { type ConfigHelp, readHelp } from './config-help.ts';
import { ConfigSession, type ConfigState } from './config-session.ts';

/** A draft lives as long as its page: looking at another view does not throw it away. */
const sessions = new WeakMap<SupervisorBridge, ConfigSession>();

function sessionOf(bridge: SupervisorBridge): ConfigSession {
  const known = sessions.get(bridge) ?? new ConfigSession(bridge);
  sessions.set(bridge, known);
  return known;
}

/** The editing of the configuration on this page; follows the file while the component is mounted. */
export function useConfigSession(bridge: SupervisorBridge): {
  readonly session: ConfigSession;
  readonly state: ConfigState;
} {
  const session = useMemo(() => sessionOf(bridge), [bridge]);
  const state = useSyncExternalStore(session.subscribe, session.getState);

  useEffect(() => {
    let known: string | null = null;
    const refresh = () => void session.refresh();
    const stop = bridge.listen('snapshot', ({ config }) => {
      const told = JSON.stringify(config);
      if (told === known) return;
      known = told;
      refresh();
    });
    refresh();
    // Somebody comes back, perhaps from the editor in which he changed the file.
    window.addEventListener('focus', refresh);
    return () => {
      stop();
      window.removeEventListener('focus', refresh);
    };
  }, [bridge, session]);

  return { session, state };
}

/** What completion and help know; asked for once, and read when they are needed. */
export interface EditorFacts {
  readonly help: () => ConfigHelp | null;
  readonly services: () => readonly string[];
}

export function useEditorFacts(bridge: SupervisorBridge): EditorFacts {
  const help = useRef<ConfigHelp | null>(null);
  const services = useRef<readonly string[]>([]);

  useEffect(() => {
    control<'ConfigSchema'>(bridge, { type: 'ConfigSchema' }).then(
      ({ schema }) => {
        help.current = readHelp(schema);
      },
      () => {
        // Without it there is no completion; what is valid is said by the supervisor all the same.
      },
    );
    return bridge.listen('snapshot', (snapshot) => {
      services.current = snapshot.services.map(({ name }) => name);
    });
  }, [bridge]);

  return useMemo(() => ({ help: () => help.current, services: () => services.current }), []);
}
