/** What one benchmark printed, and how it was called. */
export interface Result {
  readonly name: string;
  readonly command: string;
  readonly output: string;
}

/**
 * The document with this result between the marks of its benchmark (`<!-- bench: events -->` to
 * `<!-- end -->`), everything else as it was. Throws when it has no such marks.
 */
export function withResult(document: string, { name, command, output }: Result): string {
  const begin = `<!-- bench: ${name} -->`;
  const start = document.indexOf(begin);
  const end = document.indexOf('<!-- end -->', start);
  if (start < 0 || end < 0) {
    throw new Error(`docs/benchmarks.md has no place for "${name}" (${begin} … <!-- end -->).`);
  }
  const block = ['', `\`${command}\``, '', '```', output.trim(), '```', ''].join('\n');
  return document.slice(0, start + begin.length) + block + document.slice(end);
}
