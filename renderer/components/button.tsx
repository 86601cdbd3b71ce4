import type { ReactNode, Ref } from 'react';
import styles from './button.module.css';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  readonly onPress: () => void;
  readonly children: ReactNode;
  readonly icon?: IconName;
  /** `main`: what the page is here for; one of a page. */
  readonly look?: 'plain' | 'main' | 'danger' | 'quiet-danger';
  /** Pressing does nothing now. The button keeps its place in the tab order, and so its focus. */
  readonly unavailable?: boolean;
  readonly title?: string | undefined;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ onPress, children, icon, look, unavailable, title, ref }: ButtonProps) {
  return (
    <button
      ref={ref}
      type="button"
      className={styles.button}
      data-look={look ?? 'plain'}
      title={title}
      aria-disabled={unavailable === true || undefined}
      onClick={unavailable === true ? undefined : onPress}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps {
  readonly onPress: () => void;
  readonly icon: IconName;
  /** What screen readers say: action and object, `Restart Dashboard`. */
  readonly label: string;
  /** What the tooltip says, when the row already names the object. */
  readonly title: string;
  readonly unavailable?: boolean;
}

/** A button that is only an icon, for actions in table rows. */
export function IconButton({ onPress, icon, label, title, unavailable }: IconButtonProps) {
  return (
    <button
      type="button"
      className={styles.iconButton}
      aria-label={label}
      title={title}
      aria-disabled={unavailable === true || undefined}
      onClick={unavailable === true ? undefined : onPress}
    >
      <Icon name={icon} />
    </button>
  );
}
