/** Playwright's `test` for pages in a browser: with the Chromium of this machine, or not at all. */
import { test as base, type Page } from 'playwright/test';
import { findChromium } from './backends.ts';

const executablePath = findChromium();

/** Skips every test of the file that imports it where there is no browser, and collects complaints. */
export const test = base.extend<{ readonly complaints: string[] }>({
  launchOptions: [
    {
      ...(executablePath === undefined ? {} : { executablePath }),
      // Chromium's sandbox cannot be set up by root (crbug.com/638180), which is who CI is.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
    { scope: 'worker' },
  ],
  complaints: async ({ page }, use) => {
    await use(complaintsOf(page));
  },
});

/** What a page logs as an error or throws from now on, a refused resource or policy violation included. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return complaints;
}

/** Why no page can be shown here, or null. */
export const whyNoBrowser =
  executablePath === undefined
    ? 'There is no Chromium; set PM_TEST_CHROMIUM to the path of one.'
    : null;
