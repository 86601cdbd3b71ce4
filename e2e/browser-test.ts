/** Playwright's `test` for pages in a browser: with the Chromium of this machine, or not at all. */
import { test as base } from 'playwright/test';
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
  /** What the page logged as an error or threw, a refused resource or policy violation included. */
  complaints: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await use(complaints);
  },
});

/** Why no page can be shown here, or null. */
export const whyNoBrowser =
  executablePath === undefined
    ? 'There is no Chromium; set PM_TEST_CHROMIUM to the path of one.'
    : null;
