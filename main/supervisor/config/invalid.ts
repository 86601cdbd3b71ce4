import { CodedError } from '../../../shared/errors.ts';
import type { ConfigProblem } from '../../../shared/status.ts';

/** A configuration that was refused, with everything that was found. */
export class ConfigInvalid extends CodedError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const errors = problems.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(
      'config_invalid',
      `Line ${first?.line ?? 1}: ${first?.message ?? 'it cannot be used'}${more}. Nothing was changed.`,
    );
    this.problems = problems;
  }
}
