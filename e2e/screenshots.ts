/**
 * `node e2e/screenshots.ts [folder]`: each view of the built page in light and dark, at 1280 and 400 px, as
 * PNGs in docs/images/ or the folder that is named. To be looked at, and for the documentation.
 */
import { join } from 'node:path';
import { launchChromium } from './backends.ts';
import { openPageStage } from './page-stage.ts';
import { viewIds } from './view-ids.ts';

const folder = process.argv[2] ?? join(import.meta.dirname, '..', 'docs', 'images');

await using stage = await openPageStage();
const browser = await launchChromium();
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 400]) {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width, height: width === 400 ? 860 : 900 },
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      for (const view of viewIds) {
        await stage.show(page, view);
        // A lazy view, its answers and its drawing.
        await page.waitForLoadState('networkidle');
        await page.evaluate(
          'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
        );
        await page.screenshot({ path: join(folder, `${view}-${colorScheme}-${width}.png`) });
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
}
