import { useState } from 'react';
import type { StatusSnapshot } from '../../shared/status.ts';
import { useControl } from '../hooks/use-control.ts';
import { formatQuantity } from '../model/format.ts';
import { Button } from './button.tsx';
import { Modal } from './modal.tsx';
import styles from './shutdown-button.module.css';

/** Asks before it stops the supervisor, and says what that ends. */
export function ShutdownButton({ snapshot }: { readonly snapshot: StatusSnapshot }) {
  const [asking, setAsking] = useState(false);
  const { pending, error, send, dismiss } = useControl();
  const stopped = snapshot.services.filter((service) => service.state === 'stopped').length;
  const running = snapshot.services.length - stopped;

  async function shutDown(): Promise<void> {
    const accepted = await send({ type: 'ShutdownSupervisor' });
    if (accepted !== null) setAsking(false);
  }

  function close(): void {
    setAsking(false);
    dismiss();
  }

  return (
    <>
      <Button
        icon="power"
        look="quiet-danger"
        unavailable={snapshot.stopping}
        onPress={() => setAsking(true)}
      >
        {snapshot.stopping ? 'Stopping…' : 'Shut down'}
      </Button>
      {asking ? (
        <Modal
          title="Shut down the supervisor?"
          onClose={close}
          actions={
            <>
              <Button onPress={close}>Cancel</Button>
              <Button look="danger" unavailable={pending} onPress={() => void shutDown()}>
                Shut down
              </Button>
            </>
          }
        >
          <p>
            This stops {formatQuantity(running, 'service')} and closes{' '}
            {formatQuantity(snapshot.sessions.length, 'MCP session')}. Clients cannot connect until
            it is started again.
          </p>
          {error === null ? null : (
            <p className={styles.error} role="alert">
              {error}
            </p>
          )}
        </Modal>
      ) : null}
    </>
  );
}
