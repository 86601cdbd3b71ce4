import { useEffect, useRef, useState } from 'react';
import type { ServiceStatus } from '../../shared/status.ts';
import { createRateLimitedVoice, type RateLimitedVoice } from '../model/rate-limited-voice.ts';
import { stateChanges } from '../model/service-view.ts';

const gapMs = 3_000;

/** Tells screen readers which services changed state, at most every few seconds. */
export function StateAnnouncer({ services }: { readonly services: readonly ServiceStatus[] }) {
  const [text, setText] = useState('');
  const voice = useRef<RateLimitedVoice | null>(null);
  const before = useRef(services);

  useEffect(() => {
    voice.current = createRateLimitedVoice(setText, gapMs);
    return () => voice.current?.stop();
  }, []);

  useEffect(() => {
    voice.current?.say(stateChanges(before.current, services));
    before.current = services;
  }, [services]);

  return (
    <div className="visually-hidden" aria-live="polite" data-testid="announcer">
      {text}
    </div>
  );
}
