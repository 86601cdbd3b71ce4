/** Lines of a table in columns; those at the places `left` begin at the left, the others end at the right. */
export function inColumns(
  lines: readonly (readonly string[])[],
  left: readonly number[] = [0],
): readonly string[] {
  const widths = (lines[0] ?? []).map((_cell, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return left.includes(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
