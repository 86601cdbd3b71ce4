import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import styles from './modal.module.css';

interface Props {
  readonly title: string;
  readonly wide?: boolean;
  /** Escape was pressed, or the dialog closed in another way. */
  readonly onClose: () => void;
  /** Buttons, the harmless one first. */
  readonly actions: ReactNode;
  readonly children: ReactNode;
}

/** A dialog that is open as long as it is rendered. The focus goes back to where it came from. */
export function Modal({ title, wide = false, onClose, actions, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // In the layout phase: once the dialog is out of the document, closing it gives the focus back to nobody.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      data-wide={wide || undefined}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 className={styles.title} id={titleId}>
        {title}
      </h2>
      {children}
      <div className={styles.actions}>{actions}</div>
    </dialog>
  );
}
