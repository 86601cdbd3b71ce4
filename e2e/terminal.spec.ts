/** The interactive terminal in a browser: from the row of the status page to a shell and back. */
import { expect, type Page } from 'playwright/test';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';
import { test, whyNoBrowser } from './browser-test.ts';

test.skip(whyNoBrowser !== null || process.platform === 'win32', whyNoBrowser ?? 'a POSIX shell');

let supervisor: RunningSupervisor;

test.beforeAll(async () => {
  supervisor = await startSupervisor({
    settings: {
      mcp: { enabled: false, port: 0 },
      dashboard: { enabled: false, port: 0 },
      interactive_terminal: { shell: '/bin/sh' },
      'interactive_terminal.env': { PS1: 'here>' },
    },
  });
});

test.afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
});

async function stateOf(): Promise<string | undefined> {
  return (await supervisor.snapshot()).services[0]?.state;
}

/** What is drawn: xterm.js keeps a copy for screen readers. */
function screen(page: Page) {
  return page.locator('.xterm-accessibility');
}

test('Open shows a shell that answers, in colours, and leaving the page ends it', async ({
  page,
  complaints,
  context,
}) => {
  await page.goto(supervisor.loginUrl);
  const opened = context.waitForEvent('page');
  await page.getByRole('link', { name: 'Open', exact: true }).click();
  const terminal = await opened;
  terminal.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await expect(screen(terminal)).toContainText('here>');
  expect(terminal.url()).toBe(`${supervisor.ports.page_url}terminal.html`);
  await terminal.keyboard.type(
    "printf '\\033[38;2;1;200;3mgreen\\033[0m '; echo $((40+2)) $(tput cols 2>/dev/null | wc -l)",
  );
  await terminal.keyboard.press('Enter');
  await expect(screen(terminal)).toContainText('green 42');
  // A colour outside the palette is an inline style, which the policy of this page has to let pass.
  const coloured = terminal.locator('.xterm-rows span', { hasText: /^green$/ });
  await expect(coloured).toHaveCSS('color', 'rgb(1, 200, 3)');
  await expect(page.getByRole('row', { name: /^Interactive Terminal Running/ })).toBeVisible();
  await terminal.close();
  // Ten seconds it waits for the page to come back; then the shell gets its grace.
  await expect.poll(stateOf, { timeout: 30_000 }).toBe('stopped');
  expect(complaints).toEqual([]);
});

test('a shell that ended says so, and can be had again', async ({ page, complaints }) => {
  await page.goto(supervisor.loginUrl.replace('/?', '/terminal.html?'));
  await expect(screen(page)).toContainText('here>');
  await page.keyboard.type('exit');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toHaveText('The shell ended with exit code 0.');
  await page.getByRole('button', { name: 'Open again' }).click();
  await expect(page.getByRole('status')).toHaveText('Closes when you leave this page.');
  await expect(screen(page)).toContainText('here>');
  expect(complaints).toEqual([]);
});
