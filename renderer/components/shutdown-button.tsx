import { useId, useRef } from 'react';
import type { StatusSnapshot } from '../../shared/status.ts';
import { useControl } from '../hooks/use-control.ts';
import { formatQuantity } from '../model/format.ts';
import { Button } from './button.tsx';
import styles from './shutdown-button.module.css';

/** Asks before it stops the supervisor, and says what that ends. */
export function ShutdownButton({ snapshot }: { readonly snapshot: StatusSnapshot }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { pending, error, send, dismiss } = useControl();
  const stopped = snapshot.services.filter((service) => service.state === 'stopped').length;
  const running = snapshot.services.length - stopped;

  async function shutDown(): Promise<void> {
    const accepted = await send({ type: 'ShutdownSupervisor' });
    if (accepted !== null) dialog.current?.close();
  }

  return (
    <>
      <Button
        icon="power"
        look="quiet-danger"
        unavailable={snapshot.stopping}
        onPress={() => dialog.current?.showModal()}
      >
        {snapshot.stopping ? 'Stopping…' : 'Shut down'}
      </Button>
      <dialog ref={dialog} className={styles.dialog} aria-labelledby={titleId} onClose={dismiss}>
        <h2 className={styles.title} id={titleId}>
          Shut down the supervisor?
        </h2>
        <p>
          This stops {formatQuantity(running, 'service')} and closes{' '}
          {formatQuantity(snapshot.sessions.length, 'MCP session')}. Clients cannot connect until it
          is started again.
        </p>
        {error === null ? null : (
          <p className={styles.error} role="alert">
            {error}
          </p>
        )}
        <div className={styles.actions}>
          <Button onPress={() => dialog.current?.close()}>Cancel</Button>
          <Button look="danger" unavailable={pending} onPress={() => void shutDown()}>
            Shut down
          </Button>
        </div>
      </dialog>
    </>
  );
}
