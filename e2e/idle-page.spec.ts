/** A page that nobody sees costs nothing: it has no timer, asks for no frame and changes nothing. */
import { expect, type Page } from 'playwright/test';
import { test, whyNoBrowser } from './browser-test.ts';
import { openPageStage, type PageStage } from './page-stage.ts';
import { viewIds } from './view-ids.ts';

test.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

let stage: PageStage;

test.beforeAll(async () => {
  stage = await openPageStage();
});

test.afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** Keeps count of what the page waits for, and lets the test say whether it can be seen. */
const watched = `
  window.waiting = new Set();
  const nativeFrame = window.requestAnimationFrame.bind(window);
  window.twoFrames = () => new Promise((done) => nativeFrame(() => nativeFrame(done)));
  for (const [start, stop] of [
    ['setTimeout', 'clearTimeout'],
    ['setInterval', 'clearInterval'],
    ['requestAnimationFrame', 'cancelAnimationFrame'],
  ]) {
    const [begin, end] = [window[start].bind(window), window[stop].bind(window)];
    const nameOf = (id) => start + ' ' + id;
    window[start] = (work, ...rest) => {
      const id = begin((...given) => {
        if (start !== 'setInterval') window.waiting.delete(nameOf(id));
        work(...given);
      }, ...rest);
      window.waiting.add(nameOf(id));
      return id;
    };
    window[stop] = (id) => {
      window.waiting.delete(nameOf(id));
      end(id);
    };
  }
  let hidden = false;
  Object.defineProperty(document, 'hidden', { get: () => hidden });
  window.setHidden = (now) => {
    hidden = now;
    document.dispatchEvent(new Event('visibilitychange'));
  };
`;

const waiting = (page: Page) => page.evaluate<readonly string[]>('[...window.waiting]');

async function show(page: Page, view: string): Promise<void> {
  await page.addInitScript({ content: watched });
  await stage.show(page, view);
}

for (const view of [...viewIds, 'services/indexer']) {
  test(`hidden, ${view} waits for nothing and draws nothing; seen again it shows the newest`, async ({
    page,
  }) => {
    await show(page, view);
    await page.evaluate('window.setHidden(true)');
    await expect.poll(() => waiting(page)).toEqual([]);
    await page.evaluate(`
      window.changes = 0;
      new MutationObserver((all) => { window.changes += all.length; }).observe(document, {
        subtree: true, childList: true, attributes: true, characterData: true,
      });
      for (let turn = 1; turn <= 50; turn += 1) {
        window.stageTell.snapshot({ version: '9.9.' + turn });
        const data = { event_type: 'test', message: 'unseen', timestamp: new Date().toISOString(), source: 'x' };
        window.stageTell.events([{ id: 90_000 + turn, data }]);
      }`);
    // A frame would have been drawn by now, had one been asked for.
    await page.evaluate('window.twoFrames()');
    expect(await page.evaluate('window.changes')).toBe(0);
    expect(await waiting(page)).toEqual([]);
    await page.evaluate('window.setHidden(false)');
    await expect(page.getByText('9.9.50', { exact: true }).first()).toBeVisible();
  });
}
