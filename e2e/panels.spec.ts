/** Sessions, events, trends and diagnostics in a browser, with a real supervisor behind them. */
import { expect, type Page } from 'playwright/test';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';
import { connectClient } from '../test/mcp-clients.ts';
import { test, whyNoBrowser } from './browser-test.ts';

test.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

let supervisor: RunningSupervisor;

test.beforeAll(async () => {
  supervisor = await startSupervisor({ settings: { dashboard: { enabled: false } } });
});

test.afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
});

async function open(page: Page, view: string): Promise<void> {
  await page.goto(supervisor.loginUrl);
  await page.goto(`${supervisor.ports.page_url}#/${view}`);
  await expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible();
}

test('a session shows who works where and how much, and is closed', async ({
  page,
  complaints,
}) => {
  await open(page, 'sessions');
  await using client = await connectClient(supervisor.mcpUrl, 'editor of eve', 'v2');
  await client.call('memory_workspace', { action: 'list' });
  const row = page.getByRole('row').filter({ hasText: 'editor of eve' });
  await expect(row).toHaveCount(1);
  await expect(row.getByRole('cell').nth(1)).toContainText('mcp:1');
  await expect(row.getByRole('cell').nth(2)).toHaveText('1');
  await row.getByRole('button', { name: 'Close the session of editor of eve' }).click();
  await expect(row).toHaveCount(0);
  expect(complaints).toEqual([]);
});

test('a pool is scaled up and upgraded from the page, and a session survives it', async ({
  page,
}) => {
  await open(page, 'sessions');
  await using client = await connectClient(supervisor.mcpUrl, 'survivor', 'v2');
  const pool = page.getByRole('region', { name: 'MCP pool' });
  await pool.getByRole('button', { name: 'Scale up' }).click();
  await expect(pool.getByRole('rowheader')).toHaveText(['mcp:1', 'mcp:2']);
  const pids = async () => (await supervisor.snapshot()).instances.map(({ pid }) => pid);
  await expect.poll(async () => (await pids()).every((pid) => pid !== null)).toBe(true);
  const before = await pids();

  // Watched from before: the upgrade may be over before a look at the page comes to see it.
  const seen = page.evaluate<string>(`new Promise((done) => {
    new MutationObserver((_changes, observer) => {
      const [text] = document.body.innerText.match(/Upgrading: \\d of 2 instances replaced/) ?? [];
      if (text === undefined) return;
      observer.disconnect();
      done(text);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  })`);
  await pool.getByRole('button', { name: 'Rolling upgrade' }).click();
  expect(await seen).toMatch(/^Upgrading/);
  await expect
    .poll(async () => (await pids()).some((pid) => before.includes(pid)), { timeout: 30_000 })
    .toBe(false);
  await client.call('memory_workspace', { action: 'list' });
  const moved = page.getByRole('region', { name: 'Recent failovers' });
  await expect(moved.getByRole('row').filter({ hasText: 'survivor' })).not.toHaveCount(0);
});

test('events are filtered by type and text, and stand still while one is read', async ({
  page,
}) => {
  await open(page, 'events');
  const publish = (event: Record<string, unknown>) =>
    supervisor.control({ type: 'PublishEvent', event });
  const place = { workspace_id: 'ws', plan_id: 'plan_blue' };
  await publish({ event_type: 'plan_created', ...place });
  await publish({ event_type: 'test', message: 'a green one' });
  const events = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
  await expect(events.filter({ hasText: 'a green one' })).toHaveCount(1);

  await page.getByRole('combobox', { name: 'Type of event' }).selectOption('plan_created');
  await expect(events.filter({ hasText: 'plan_blue' })).toHaveCount(1);
  await expect(events.filter({ hasText: 'a green one' })).toHaveCount(0);
  await page.getByRole('combobox', { name: 'Type of event' }).selectOption('');
  await page.getByRole('searchbox', { name: 'Find an event' }).fill('GREEN');
  await expect(events).toHaveCount(1);

  await events.first().getByText('a green one').click();
  await expect(events.first()).toContainText('"message": "a green one"');
  await publish({ event_type: 'test', message: 'another green one' });
  // Metrics are told to be out of date a second after the plan: that is another new one.
  await expect(page.getByText(/Paused · [12] new/)).toBeVisible();
  await expect(events).toHaveCount(1);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(events).toHaveCount(2);
});

test('the trends of the time before the page was opened are there', async ({
  page,
  complaints,
}) => {
  const { samples } = await supervisor.control({ type: 'Trends' });
  expect(samples.length).toBeLessThanOrEqual(360);
  await expect
    .poll(async () => (await supervisor.control({ type: 'Trends' })).samples.length, {
      timeout: 30_000,
    })
    .toBeGreaterThan(1);
  await open(page, 'trends');
  const events = page.getByRole('region', { name: 'Events', exact: true });
  await expect(events).toHaveAccessibleDescription(
    /now [\d.]+ per s, [\d.]+ to [\d.]+ in the last/,
  );
  await expect(events.locator('canvas')).toBeVisible();
  expect(complaints).toEqual([]);
});

test('diagnostics examine at once and again, and give a report to copy', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, 'diagnostics');
  const checks = page.getByRole('list', { name: 'Checks' }).getByRole('listitem');
  await expect(checks.filter({ hasText: 'Configuration' })).toHaveCount(1);
  const asked = page.waitForRequest((request) => request.postData()?.includes('Doctor') === true);
  await page.getByRole('button', { name: 'Check again' }).click();
  await asked;
  await page.getByRole('button', { name: 'Copy report' }).click();
  await expect(page.getByRole('button', { name: 'Copied report' })).toBeVisible();
  const report = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(report).toContain(`process ${supervisor.ports.supervisor_pid}`);
  expect(report).toContain('mcp: Running');
  expect(report).not.toContain(new URL(supervisor.loginUrl).searchParams.get('token'));
});
