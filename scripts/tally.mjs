/** Counting what the test steps report, and the closing lines that people and CI read. */

/**
 * @typedef {object} Skipped
 * @property {string} name
 * @property {string | undefined} [why]
 *
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {Skipped[]} skipped
 */

/**
 * The tally of several steps.
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function addUp(tallies) {
  return {
    passed: tallies.reduce((sum, each) => sum + each.passed, 0),
    failed: tallies.reduce((sum, each) => sum + each.failed, 0),
    skipped: tallies.flatMap((each) => each.skipped),
  };
}

/**
 * What a runner counted, made to agree with how it ended: one that failed, was cut off or left no count has
 * failed at least once, whatever it counted.
 * @param {Tally | undefined} counted
 * @param {number} code
 * @returns {Tally}
 */
export function agreeing(counted, code) {
  const tally = counted ?? { passed: 0, failed: 0, skipped: [] };
  const hasFailed = code !== 0 || counted === undefined;
  return hasFailed && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/**
 * Playwright's JSON report, counted. A flaky test passed in the end; there are no retries here anyway.
 * @param {any} report
 * @returns {Tally}
 */
export function countPlaywright(report) {
  /** @type {Tally} */
  const tally = { passed: 0, failed: 0, skipped: [] };
  const visit = (/** @type {any} */ suite, /** @type {string[]} */ titles) => {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests)
        addPlaywrightTest(tally, test, [...titles, spec.title].join(' › '));
    }
    for (const each of suite.suites ?? []) visit(each, [...titles, each.title]);
  };
  visit({ suites: report.suites }, []);
  // An error outside of any test, for example a file that could not be loaded.
  if (report.errors?.length > 0 && tally.failed === 0) tally.failed = 1;
  return tally;
}

/** @param {Tally} tally @param {any} test @param {string} name */
function addPlaywrightTest(tally, test, name) {
  if (test.status === 'expected' || test.status === 'flaky') tally.passed += 1;
  else if (test.status === 'unexpected') tally.failed += 1;
  else {
    const note = test.annotations?.find((/** @type {any} */ each) =>
      /^(skip|fixme)$/.test(each.type),
    );
    tally.skipped.push({ name, why: note?.description });
  }
}

/**
 * The skipped tests with their reasons, and `N passed, N failed` (`, N skipped` if any) as the last line.
 * @param {Tally} tally
 * @returns {string[]}
 */
export function closingLines({ passed, failed, skipped }) {
  const counts = `${passed} passed, ${failed} failed`;
  if (skipped.length === 0) return [counts];
  return [
    'Skipped:',
    ...skipped.map(({ name, why }) => `  ${name}: ${why ?? 'no reason given'}`),
    '',
    `${counts}, ${skipped.length} skipped`,
  ];
}
