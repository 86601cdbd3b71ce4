import { defineConfig } from 'playwright/test';

const browser = process.env['PM_TEST_CHROMIUM'];

/** Browser and desktop tests. `npm test` finds the browser; by hand, set PM_TEST_CHROMIUM to a Chromium. */
export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: '../test-results',
  workers: 2,
  retries: 0,
  // Some tests wait for ten seconds of the program's own patience, after a start that takes long on a busy machine.
  timeout: 120_000,
  // How long an `expect` looks for what will come. The program promises no time for it, and a machine that runs
  // other tests meanwhile is slow; where a time is promised, the test names it.
  expect: { timeout: 15_000 },
  forbidOnly: process.env['CI'] !== undefined,
  reporter: 'list',
  use: {
    launchOptions: {
      ...(browser ? { executablePath: browser } : {}),
      // Chromium's sandbox cannot be set up by root (crbug.com/638180), which is who CI is.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
});
