/** Everybody can use the page: by keyboard, by ear, on a small screen, without movement (WCAG 2.2 AA). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { expect, type Page } from 'playwright/test';
import { complaintsOf, test, whyNoBrowser } from './browser-test.ts';
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
  // By evaluation and not by a tag, which the page's policy forbids; once a page, as it is half a megabyte of script.
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axe);
  const found = await page.evaluate<AxeResults['violations']>(
    `axe.run(document, {
      resultTypes: ['violations'],
      runOnly: { type: 'tag', values: ${JSON.stringify(rules)} },
    }).then(({ violations }) => violations)`,
  );
  return found.map(
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

for (const view of viewIds) {
  // Loaded once, and looked at from all sides: each test says how it wants the page, and the last one changes it.
  test.describe(view, () => {
    let page: Page;
    let complaints: readonly string[];

    test.beforeAll(async ({ browser }) => {
      page = await browser.newPage({ reducedMotion: 'reduce' });
      complaints = complaintsOf(page);
      await stage.show(page, view);
    });

    test.afterAll(async () => {
      await page?.close();
    });

    for (const colorScheme of ['light', 'dark'] as const) {
      test(`axe finds nothing wrong in ${view}, ${colorScheme}`, async () => {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page)).toEqual([]);
        expect(complaints).toEqual([]);
      });
    }

    test(`${view} fits a width of 320 px`, async () => {
      const wide = page.viewportSize() ?? { width: 1280, height: 720 };
      // What a page of 1280 px becomes when it is zoomed to 400 % (WCAG 2.2, 1.4.10).
      await page.setViewportSize({ width: 320, height: 640 });
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(320);
      await page.emulateMedia({ colorScheme: 'light' });
      expect(await violations(page)).toEqual([]);
      await page.setViewportSize(wide);
    });

    test(`everything in ${view} is reached by Tab, each with a visible focus`, async () => {
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
      // What went away on the way cannot be reached: entering the live list stops it and shows all of it.
      const missed = await page.evaluate(
        '[...window.wanted].filter((each) => each.isConnected).map((each) => each.outerHTML.slice(0, 120))',
      );
      expect(missed).toEqual([]);
    });
  });
}

/** What can stand over a view, or open in it. */
const states: Readonly<Record<string, { readonly view: string; open(page: Page): Promise<void> }>> =
  {
    'the details of a service': {
      view: 'services/indexer',
      open: async (page) => await page.getByRole('dialog', { name: 'Indexer' }).waitFor(),
    },
    'the details of a pool': {
      view: 'services/mcp',
      open: async (page) => await page.getByRole('dialog', { name: 'MCP' }).waitFor(),
    },
    'the question before shutting down': {
      view: 'services',
      open: async (page) => await page.getByRole('button', { name: 'Shut down' }).click(),
    },
    'the help': {
      view: 'services',
      open: async (page) => await page.keyboard.press('?'),
    },
    'an open event in a paused list': {
      view: 'events',
      open: async (page) => await page.locator('summary').first().click(),
    },
    'a log that is searched': {
      view: 'logs',
      open: async (page) => {
        await page.getByRole('searchbox', { name: 'Search the log' }).fill('disk');
        await page.keyboard.press('Enter');
        await page.getByText('1 of 4', { exact: true }).waitFor();
      },
    },
    'the history of the configuration': {
      view: 'config',
      open: async (page) => await page.getByRole('button', { name: 'History' }).click(),
    },
  };

for (const [name, { view, open }] of Object.entries(states)) {
  test(`axe finds nothing wrong in ${name}, light or dark`, async ({ page, complaints }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await stage.show(page, view);
    await open(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), colorScheme).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });
}

test('Esc closes what is open, and the focus returns to where it was', async ({ page }) => {
  await stage.show(page, 'services');
  for (const name of ['Shut down', 'Keyboard shortcuts']) {
    const button = page.getByRole('button', { name });
    await button.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(button).toBeFocused();
  }
  const service = page.getByRole('link', { name: 'Indexer', exact: true });
  await service.focus();
  await page.keyboard.press('?');
  await page.keyboard.press('Escape');
  await expect(service).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Indexer' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(service).toBeFocused();
});

test('the arrow keys go along the services and along the events', async ({ page }) => {
  await stage.show(page, 'services');
  const name = (text: string) => page.getByRole('link', { name: text, exact: true });
  await name('MCP').focus();
  await page.keyboard.press('ArrowDown');
  await expect(name('MCP instance 1')).toBeFocused();
  await page.keyboard.press('End');
  await expect(name('Indexer')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(name('Indexer')).toBeFocused();
  await page.keyboard.press('Home');
  await expect(name('MCP')).toBeFocused();

  await name('Events').click();
  const events = page.locator('summary');
  await events.first().focus();
  await expect(page.getByText(/^Paused/u)).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(events.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(events.first()).toBeFocused();
});

test('axe does find what is wrong', async ({ page }) => {
  await stage.show(page, 'events');
  await page.evaluate("document.querySelector('main').append(document.createElement('button'))");
  expect((await violations(page)).join()).toContain('button-name');
});

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
