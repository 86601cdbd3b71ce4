/** Tables that fit the terminal: the least important columns go first, then long cells are cut. */
import type { Paint, Style } from './output.ts';
import { cutTo, plain, textWidth } from './text-width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string | number | null;
  readonly style?: (row: Row) => Style | null;
  /** Numbers read better so. */
  readonly right?: boolean;
  /** May be cut down to its title, or to this width. */
  readonly shrinks?: number;
  /** Where there is no room for all: the highest goes first. Without it the column stays. */
  readonly leaves?: number;
}

const gap = '  ';
const nothing = '–';

/** The lines of a table, its head included. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paint: Paint,
): readonly string[] {
  const texts = columns.map((column) => ({
    column,
    cells: rows.map((row) => plain(String(column.cell(row) ?? '') || nothing)),
  }));
  // A column of which nobody has anything to say is no column.
  let shown = texts.filter(
    ({ cells }) => rows.length === 0 || cells.some((each) => each !== nothing),
  );
  const widthsOf = () =>
    shown.map(({ column, cells }) =>
      Math.max(textWidth(column.title), ...cells.map((cell) => textWidth(cell))),
    );
  const least = () =>
    shown.reduce((sum, { column, cells }) => {
      const whole = Math.max(textWidth(column.title), ...cells.map((cell) => textWidth(cell)));
      const narrow = Math.max(textWidth(column.title), column.shrinks ?? whole);
      return sum + Math.min(whole, narrow) + gap.length;
    }, -gap.length);
  while (least() > width) {
    const leaving = shown
      .filter(({ column }) => column.leaves !== undefined)
      .toSorted((a, b) => (b.column.leaves ?? 0) - (a.column.leaves ?? 0))[0];
    if (leaving === undefined) break;
    shown = shown.filter((each) => each !== leaving);
  }
  const widths = shrink(
    widthsOf(),
    shown.map(({ column }) =>
      column.shrinks === undefined ? null : Math.max(column.shrinks, textWidth(column.title)),
    ),
    width,
  );
  const line = (cells: readonly string[], style: (index: number) => Style | null) =>
    cells
      .map((cell, index) => {
        const columnWidth = widths[index] ?? 0;
        const cut = cutTo(cell, columnWidth);
        const space = ' '.repeat(columnWidth - textWidth(cut));
        const shade = style(index);
        const text = shade === null ? cut : paint(shade, cut);
        if (shown[index]?.column.right) return space + text;
        // Nothing follows: no blanks at the end of a line.
        return index === cells.length - 1 ? text : text + space;
      })
      .join(gap);
  return [
    line(
      shown.map(({ column }) => column.title),
      () => 'dim',
    ),
    ...rows.map((row, rowIndex) =>
      line(
        shown.map(({ cells }) => cells[rowIndex] ?? ''),
        (index) => shown[index]?.column.style?.(row) ?? null,
      ),
    ),
  ];
}

/** Takes what is too much from the widest column that may shrink, again and again. */
function shrink(
  natural: readonly number[],
  least: readonly (number | null)[],
  width: number,
): readonly number[] {
  const widths = [...natural];
  const total = () => widths.reduce((sum, each) => sum + each + gap.length, -gap.length);
  for (let excess = total() - width; excess > 0; excess = total() - width) {
    let widest = -1;
    for (const [index, each] of widths.entries()) {
      const floor = least[index];
      if (floor === null || floor === undefined || each <= floor) continue;
      if (widest === -1 || each > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}
