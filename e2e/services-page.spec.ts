/** The services, their details and their logs in a browser, with real processes behind them. */
import { expect, type Page } from 'playwright/test';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';
import { test, whyNoBrowser } from './browser-test.ts';

test.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

/** Prints a start-up with colours, then a line every 100 ms. */
const talker = `
  console.log('\\u001b[32mready\\u001b[0m at <b>last</b>');
  console.error('\\u001b[31mError: nothing is wrong\\u001b[0m');
  let n = 0;
  setInterval(() => console.log('tick ' + ++n), 100);
`;

/** 1,000 lines ten times a second, for as long as it runs. */
const flood = `
  let n = 0;
  setInterval(() => {
    let text = '';
    for (let i = 0; i < 1000; i += 1) text += 'flood line ' + ++n + ' of a program that says too much\\n';
    process.stdout.write(text);
  }, 100);
`;

/** How long the longest frame of three seconds took, in ms; runs in the page. */
const longestFrame = `(async () => {
  let most = 0;
  let last = performance.now();
  const end = last + 3_000;
  while (last < end) {
    const now = await new Promise((resolve) => requestAnimationFrame(resolve));
    most = Math.max(most, now - last);
    last = now;
  }
  return most;
})()`;

const run = (name: string, program: string) => ({
  name,
  command: process.execPath,
  args: ['-e', program],
});

let supervisor: RunningSupervisor;

test.beforeAll(async () => {
  supervisor = await startSupervisor({
    settings: { dashboard: { enabled: false } },
    servers: [run('talker', talker), run('flood', flood), run('crasher', 'process.exit(3)')],
    isReady: ({ services }) =>
      ['talker:ready', 'flood:ready', 'mcp:ready', 'crasher:crash_loop'].every((wanted) =>
        services.some(({ name, state }) => `${name}:${state}` === wanted),
      ),
  });
  // It floods its own test alone.
  await supervisor.control<'Stop'>({ type: 'Stop', service: 'flood' });
});

test.afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
});

async function open(page: Page, hash = ''): Promise<void> {
  await page.goto(supervisor.loginUrl);
  await expect(page.getByRole('navigation', { name: 'Views' })).toBeVisible();
  if (hash !== '') await page.goto(`${supervisor.ports.page_url}${hash}`);
}

const rowOf = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });

test('W34 each service says its state, its PID, what it uses, how it ended and when it is tried again', async ({
  page,
  complaints,
}) => {
  await open(page);
  const talking = rowOf(page, 'Talker');
  await expect(talking).toContainText('Running');
  await expect(talking).toContainText(/up .+pid \d+/s);
  await expect(
    talking.getByRole('img', { name: /^CPU in the last two minutes: .+ %/ }),
  ).toBeVisible();
  await expect(
    talking.getByRole('img', { name: /^Memory in the last two minutes: .+ MB/ }),
  ).toBeVisible();
  await expect(page.getByText('Own memory').locator('..')).toContainText('MB');

  const crashing = rowOf(page, 'Crasher');
  await expect(crashing).toContainText('Crash loop');
  await expect(crashing).toContainText(/exit 3, (just now|\d+ s ago)/);
  await expect(crashing).toContainText(/Next try (in \d+ s|now)/);
  const before = (await supervisor.snapshot()).services.find(({ name }) => name === 'crasher');
  await crashing.getByRole('button', { name: 'Retry now' }).click();
  await supervisor.until('the next try', ({ services }) =>
    services.some(
      ({ name, lastExit }) => name === 'crasher' && lastExit?.at !== before?.lastExit?.at,
    ),
  );
  expect(complaints).toEqual([]);
});

test('the details of a service open from its name, and Esc brings the focus back', async ({
  page,
  complaints,
}) => {
  await open(page);
  const link = page.getByRole('link', { name: 'Talker', exact: true });
  await link.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Talker' });
  await expect(drawer).toBeVisible();
  expect(page.url()).toContain('#/services/talker');
  const pid = (await supervisor.snapshot()).services.find(({ name }) => name === 'talker')?.pid;
  await expect(drawer.getByRole('table', { name: 'Processes of Talker' })).toContainText(`${pid}`);
  const history = drawer.getByRole('list', { name: 'Changes of state, newest first' });
  await expect(history.getByRole('listitem').first()).toContainText('Running');
  await expect(drawer.getByRole('log', { name: 'Output of Talker' })).toContainText(/tick \d+/);
  await page.keyboard.press('Escape');
  await expect(drawer).toHaveCount(0);
  await expect(link).toBeFocused();
  await expect(page).toHaveURL(/#\/services$/);
  expect(complaints).toEqual([]);
});

test('what a service printed stays when it is stopped and is searched, in colour and as text', async ({
  page,
  complaints,
}) => {
  await open(page, '#/logs/talker');
  const log = page.getByRole('log', { name: 'Output of Talker' });
  await expect(log).toContainText(/tick \d+/);
  await supervisor.control<'Stop'>({ type: 'Stop', service: 'talker' });
  await expect(log).toContainText('ended with');
  await supervisor.control<'Start'>({ type: 'Start', service: 'talker' });
  await expect(page.getByText('Running', { exact: true })).toBeVisible();

  await page.keyboard.press('/');
  await page.keyboard.type('nothing is');
  await expect(log.locator('mark').first()).toHaveText('nothing is');
  await expect(page.getByText(/^2 of [\d,]+ lines$/)).toBeVisible();
  await expect(log.locator('[data-colour="red"]').first()).toHaveCSS('color', 'rgb(207, 34, 46)');
  await page.keyboard.press('Escape');
  await page.getByRole('combobox', { name: 'Stream' }).selectOption('stdout');
  await expect(log).not.toContainText('nothing is wrong');
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('<b>last</b>');
  await expect(log).toContainText('ready at <b>last</b>');
  expect(complaints).toEqual([]);
});

test('10,000 lines a second do not freeze the page; scrolling up holds them still', async ({
  page,
  complaints,
}) => {
  await supervisor.control<'Start'>({ type: 'Start', service: 'flood' });
  await open(page, '#/logs/flood');
  const log = page.getByRole('log', { name: 'Output of Flood' });
  await expect(log).toContainText('flood line');
  // A frame that waits long is a page that hangs. The bound is for a busy machine, the usual is 20 ms.
  const longest = await page.evaluate<number>(longestFrame);
  test.info().annotations.push({ type: 'longest frame', description: `${longest.toFixed(0)} ms` });
  expect(longest).toBeLessThan(1_000);
  expect(await log.locator('[data-index]').count()).toBeLessThan(200);

  await log.hover();
  await page.mouse.wheel(0, -600);
  const newer = page.getByRole('button', { name: /^[\d,]+ new lines$/ });
  await expect(newer).toBeVisible();
  const still = await log.innerText();
  const count = await newer.innerText();
  await expect(newer).not.toHaveText(count);
  expect(await log.innerText()).toBe(still);
  await newer.click();
  await expect(newer).toHaveCount(0);
  await expect.poll(() => log.innerText()).not.toBe(still);
  await supervisor.control<'Stop'>({ type: 'Stop', service: 'flood' });
  expect(complaints).toEqual([]);
});

test('a hidden page asks for nothing, however long, and goes on when it is seen', async ({
  page,
}) => {
  await page.clock.install();
  await open(page, '#/logs/talker');
  const log = page.getByRole('log');
  await expect(log).toContainText(/tick \d+/);
  const turn = (hidden: boolean) =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} });
       document.dispatchEvent(new Event('visibilitychange'));`,
    );
  await turn(true);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
  // Every timer of the page fires as it would in an hour.
  await page.clock.runFor('01:00:00');
  // One request of our own: whatever was asked before it would stand before it.
  const ours = `${supervisor.ports.page_url}icon-of-the-test`;
  await page.evaluate((url) => fetch(url), ours);
  expect(asked).toEqual([`GET ${ours}`]);

  const lastLine = await log.innerText();
  await turn(false);
  await expect.poll(() => log.innerText()).not.toBe(lastLine);
});

test('from 320 px to 4K nothing scrolls sideways, and every view is reached by keyboard', async ({
  page,
}) => {
  await open(page);
  const links = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
  for (const title of await links.allInnerTexts()) {
    const link = links.filter({ hasText: title });
    await link.focus();
    await page.keyboard.press('Enter');
    await expect(link).toHaveAttribute('aria-current', 'page');
    for (const width of [320, 400, 768, 1280, 3840]) {
      await page.setViewportSize({ width, height: 900 });
      // A chart follows the width of its column one frame later.
      const overflow = () =>
        page.evaluate<number>(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
      await expect.poll(overflow, `${title} at ${width} px`).toBe(0);
    }
  }
});

test('? explains the keys, and they can be switched off', async ({ page }) => {
  await open(page);
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(help).toBeVisible();
  await help.getByRole('checkbox').uncheck();
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
  await page.keyboard.press('?');
  await expect(help).toBeHidden();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox')).not.toBeFocused();
});
