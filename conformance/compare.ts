/** What differs between a server reached directly and the same one through the gateway. */
import type { Outcome, Outcomes } from './suites.ts';

export interface Difference {
  readonly scenario: string;
  /** Undefined where the scenario was not run. */
  readonly direct: Outcome | undefined;
  readonly through: Outcome | undefined;
  readonly verdict: 'better' | 'worse';
}

/**
 * What the gateway itself promises, whatever the server does: an ended session is 404, and a page of a
 * foreign host gets nothing.
 */
export const ownPromises: ReadonlySet<string> = new Set([
  'server-session-lifecycle',
  'dns-rebinding-protection',
]);

/** Scenarios with other numbers of passed or failed checks. Fewer passed is worse, even if none failed. */
export function differences(direct: Outcomes, through: Outcomes): readonly Difference[] {
  const scenarios = new Set([...direct.keys(), ...through.keys()]);
  return [...scenarios].flatMap((scenario) => {
    const before = direct.get(scenario);
    const after = through.get(scenario);
    const verdict = compare(before, after);
    return verdict === 'same' ? [] : [{ scenario, direct: before, through: after, verdict }];
  });
}

function compare(
  direct: Outcome | undefined,
  through: Outcome | undefined,
): Difference['verdict'] | 'same' {
  if (through === undefined) return 'worse';
  if (direct === undefined) return through.failed > 0 ? 'worse' : 'better';
  if (through.failed > direct.failed || through.passed < direct.passed) return 'worse';
  return through.failed < direct.failed || through.passed > direct.passed ? 'better' : 'same';
}

/** The promises of the gateway that were asked about and not kept. */
export function brokenPromises(through: Outcomes): readonly string[] {
  return [...through]
    .filter(([name, { passed, failed }]) => ownPromises.has(name) && (failed > 0 || passed === 0))
    .map(([name]) => name);
}

export function total(outcomes: Outcomes): Outcome {
  let passed = 0;
  let failed = 0;
  for (const each of outcomes.values()) {
    passed += each.passed;
    failed += each.failed;
  }
  return { passed, failed };
}

export function describe(outcome: Outcome | undefined): string {
  return outcome === undefined ? 'not run' : `${outcome.passed}/${outcome.failed}`;
}
