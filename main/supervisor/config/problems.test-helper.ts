import type { ConfigProblem } from '../../../shared/status.ts';
import { parseConfig } from './load-config.ts';

/** For tests: `2:8-2:13 error`, then the message. */
export function shown({ line, column, endLine, endColumn, severity, message }: ConfigProblem) {
  return `${line}:${column}-${endLine}:${endColumn} ${severity} ${message}`;
}

/** For tests: the problems of a text. */
export function problemsIn(text: string): string[] {
  return parseConfig(text).problems.map(shown);
}
