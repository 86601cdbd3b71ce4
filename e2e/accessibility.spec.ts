/** Everybody can use the page: by keyboard, by ear, on a small screen, without movement (WCAG 2.2 AA). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { expect, type Page } from 'playwright/test';
import { test, whyNoBrowser } from './browser-test.ts';
import { openPageStage, type PageStage } from './page-stage.ts';
import { viewIds } from './view-ids.ts';

test.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let stage: PageStage;

test.beforeAll(async () => {
  stage = await openPageStage();
});

test.afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** What axe finds, each as one line with the places. */
async function violations(page: Page): Promise<readonly string[]> {
  // By evaluation and not by a tag, which the page's policy forbids.
  await page.evaluate(axe);
  const found = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(rules)} } })`,
  );
  return found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 120)} (${any[0]?.message ?? ''})`).join(' | ')}`,
  );
}

test('the list of views to look at is the page’s own', async ({ page }) => {
  await stage.show(page, 'services');
  const links = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
  const addresses = await links.evaluateAll((all) => all.map((each) => each.getAttribute('href')));
  expect(addresses).toEqual(viewIds.map((view) => `#/${view}`));
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const view of viewIds) {
    test(`axe finds nothing wrong in ${view}, ${colorScheme}`, async ({ page, complaints }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await stage.show(page, view);
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });
  }
}

test('axe does find what is wrong', async ({ page }) => {
  await stage.show(page, 'events');
  await page.evaluate("document.querySelector('main').append(document.createElement('button'))");
  expect((await violations(page)).join()).toContain('button-name');
});

for (const view of viewIds) {
  test(`${view} fits a width of 320 px`, async ({ page }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await stage.show(page, view);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    expect(await violations(page)).toEqual([]);
  });

  test(`everything in ${view} is reached by Tab, each with a visible focus`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await stage.show(page, view);
    const wanted = await page.evaluate<number>(`(() => {
      const all = document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]');
      window.wanted = new Set([...all].filter((each) => {
        // In a group of radio buttons, Tab reaches the chosen one and the arrows the others.
        if (each.tabIndex < 0 || (each.type === 'radio' && !each.checked)) return false;
        return each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false });
      }));
      return window.wanted.size;
    })()`);
    expect(wanted).toBeGreaterThan(0);
    const unseen: string[] = [];
    // One lap, and a few more for what comes into being on the way.
    for (let press = 0; press < wanted + 10; press += 1) {
      await page.keyboard.press('Tab');
      const bare = await page.evaluate<string | null>(`(() => {
        const focused = document.activeElement;
        window.wanted.delete(focused);
        if (focused === document.body) return null;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(focused);
        const isOutlined = outlineStyle !== 'none' && outlineWidth !== '0px';
        // The editor marks its edge, as every line of it would be outlined otherwise.
        return isOutlined || boxShadow !== 'none' ? null : focused.outerHTML.slice(0, 120);
      })()`);
      if (bare !== null) unseen.push(bare);
    }
    expect(unseen).toEqual([]);
    expect(
      await page.evaluate('[...window.wanted].map((each) => each.outerHTML.slice(0, 120))'),
    ).toEqual([]);
  });
}

test('nothing moves for those who asked for no movement', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const view of viewIds) {
    await stage.show(page, view);
    const moving = await page.evaluate<number>(
      "document.getAnimations().filter(({ playState }) => playState === 'running').length",
    );
    expect(moving, view).toBe(0);
  }
});

test('each chart says in words what it shows', async ({ page }) => {
  await stage.show(page, 'trends');
  for (const chart of ['Events', 'Sessions', 'Calls', 'Latency of calls', 'Restarts']) {
    const region = page.getByRole('region', { name: chart, exact: true });
    await expect(region).toHaveAccessibleDescription(/now .* in the last 60 min$/);
  }
});

test('a view can be chosen, filtered and read by keyboard alone', async ({ page }) => {
  await stage.show(page, 'services');
  await page.getByRole('link', { name: 'Events' }).focus();
  await page.keyboard.press('Enter');
  const search = page.getByRole('searchbox', { name: 'Find an event' });
  await expect(search).toBeVisible();
  await page.keyboard.press('/');
  await expect(search).toBeFocused();
  await page.keyboard.type('handoff');
  const events = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
  await expect(events.first()).toContainText('Coordinator');
  await expect(page.getByText('4 of 30', { exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(search).toHaveValue('');
});
