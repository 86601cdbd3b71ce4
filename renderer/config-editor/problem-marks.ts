/** The supervisor's problems as marks in the text, at the tokens that they are about. */
import type { Diagnostic } from '@codemirror/lint';
import type { Text } from '@codemirror/state';
import type { ConfigProblem } from '../../shared/status.ts';

const severities = { error: 'error', warning: 'warning', notice: 'info' } as const;

/** Marks for a document; a place that it does not have (any more) becomes the nearest one it has. */
export function problemMarks(doc: Text, problems: readonly ConfigProblem[]): Diagnostic[] {
  return problems.map((problem) => {
    const from = offsetOf(doc, problem.line, problem.column);
    const to = offsetOf(doc, problem.endLine, problem.endColumn);
    return {
      from,
      to: Math.max(from, to),
      severity: severities[problem.severity],
      message: problem.message,
    };
  });
}

/** The offset of a line and column that count from 1, columns in UTF-16 units. */
export function offsetOf(doc: Text, lineNumber: number, column: number): number {
  const line = doc.line(Math.min(Math.max(1, lineNumber), doc.lines));
  return Math.min(line.from + Math.max(0, column - 1), line.to);
}
