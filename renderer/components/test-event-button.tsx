import { useState } from 'react';
import { useControl } from '../hooks/use-control.ts';
import { Button } from './button.tsx';
import styles from './test-event-button.module.css';

/** Publishes a test event and says which id it got. */
export function TestEventButton({ enabled }: { readonly enabled: boolean }) {
  const { pending, error, send } = useControl();
  const [sentId, setSentId] = useState<number | null>(null);

  async function sendTestEvent(): Promise<void> {
    const sent = await send({ type: 'EmitTestEvent', message: 'Test event from the status page' });
    setSentId(sent?.id ?? null);
  }

  return (
    <>
      {error === null ? (
        <span className={styles.outcome} role="status">
          {sentId === null ? '' : `Sent as ${sentId}`}
        </span>
      ) : (
        <span className={styles.error} role="alert">
          Not sent. {error}
        </span>
      )}
      <Button
        icon="send"
        unavailable={pending || !enabled}
        title={enabled ? undefined : 'The event channel is switched off'}
        onPress={() => void sendTestEvent()}
      >
        Send test event
      </Button>
    </>
  );
}
