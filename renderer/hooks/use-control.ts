import { useCallback, useState } from 'react';
import { control } from '../../shared/api.ts';
import type { ReplyData, RequestOf, RequestType } from '../../shared/control-protocol.ts';
import { messageOf } from '../../shared/errors.ts';
import { useBridge } from './use-bridge.ts';

/** Sending control requests from one place of the page, with what became of the last one. */
export interface ControlHandle {
  readonly pending: boolean;
  /** Why the last request was refused, or null. */
  readonly error: string | null;
  /** Sends the request; answers its data, or null when it was refused (`error` then says why). */
  readonly send: <Type extends RequestType>(
    request: RequestOf<Type>,
  ) => Promise<ReplyData[Type] | null>;
  /** Takes the error away. */
  readonly dismiss: () => void;
}

export function useControl(): ControlHandle {
  const bridge = useBridge();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const send = useCallback(
    async <Type extends RequestType>(request: RequestOf<Type>) => {
      setPending(true);
      try {
        const data = await control(bridge, request);
        setError(null);
        return data;
      } catch (refusal) {
        setError(messageOf(refusal));
        return null;
      } finally {
        setPending(false);
      }
    },
    [bridge],
  );
  const dismiss = useCallback(() => setError(null), []);
  return { pending, error, send, dismiss };
}
