import type { ReactNode } from 'react';
import table from './table.module.css';

interface Props {
  /** The column's name, shown before the value where the row becomes a card. */
  readonly label: string;
  readonly children: ReactNode;
  readonly align?: 'number';
  /** The value is long: on a card it takes the room of two. */
  readonly long?: boolean;
}

/** A table cell; `null` shows a dash, which a card leaves out. */
export function Cell({ label, children, align, long }: Props) {
  const empty = children === null;
  return (
    <td
      className={align === 'number' ? table.number : undefined}
      data-label={label}
      data-empty={empty || undefined}
      data-span={long || undefined}
    >
      {empty ? <span className={table.muted}>–</span> : children}
    </td>
  );
}
