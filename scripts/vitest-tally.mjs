/**
 * A vitest reporter that writes what ran, in the test runner's own terms, to the file PM_TEST_TALLY names.
 * Vitest's JSON reporter leaves out why a test was skipped, and errors outside of any test.
 */
import { writeFileSync } from 'node:fs';

export default class VitestTally {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {import('./tally.mjs').Tally} */
    const tally = { passed: 0, failed: 0, skipped: [] };
    for (const module of modules) addModule(tally, module);
    // A run with such an error fails although every test passed: it has to show in the count.
    if (unhandledErrors.length > 0 && tally.failed === 0) tally.failed = 1;
    writeFileSync(process.env.PM_TEST_TALLY ?? '', JSON.stringify(tally));
  }
}

/** @param {import('./tally.mjs').Tally} tally @param {import('vitest/node').TestModule} module */
function addModule(tally, module) {
  const before = tally.failed;
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === 'passed') tally.passed += 1;
    else if (result.state === 'skipped') {
      tally.skipped.push({
        name: `${module.relativeModuleId}: ${test.fullName}`,
        why: result.note,
      });
    } else tally.failed += 1; // `pending` too: it was cut off.
  }
  // A file that could not be loaded, or whose hooks failed, has no failing test but has failed.
  const state = module.state();
  if (tally.failed === before && (state === 'failed' || state === 'pending')) tally.failed += 1;
}
