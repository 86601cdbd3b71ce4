import { Button } from '../components/button.tsx';
import { Modal } from '../components/modal.tsx';

interface Props {
  readonly onKeep: () => void;
  readonly onDiscard: () => void;
}

/** Asks before changes are lost. */
export function DiscardDialog({ onKeep, onDiscard }: Props) {
  return (
    <Modal
      title="Discard your changes?"
      onClose={onKeep}
      actions={
        <>
          <Button onPress={onKeep}>Keep editing</Button>
          <Button look="danger" onPress={onDiscard}>
            Discard changes
          </Button>
        </>
      }
    >
      <p>The file stays as it is. What you changed here is lost.</p>
    </Modal>
  );
}
