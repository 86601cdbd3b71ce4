import type { ConfigProblem } from '../../../shared/status.ts';

/** One line as compilers write it, which editors and terminals can jump to: `file:3:8: error: …`. */
export function formatProblem(file: string, problem: ConfigProblem): string {
  const { line, column, severity, message } = problem;
  return `${file}:${line}:${column}: ${severity}: ${message}`;
}
