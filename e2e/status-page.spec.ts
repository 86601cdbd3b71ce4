/** The status page in a browser, as somebody without a display on the server meets it. */
import { expect, type Page } from 'playwright/test';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';
import { connectClient, makePlan } from '../test/mcp-clients.ts';
import { SseClient } from '../test/sse-client.ts';
import { test, whyNoBrowser } from './browser-test.ts';

test.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

let supervisor: RunningSupervisor;

test.beforeAll(async () => {
  supervisor = await startSupervisor();
});

test.afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
});

/** The page, opened by the address that was printed. */
async function open(page: Page, view?: string): Promise<void> {
  await page.goto(supervisor.loginUrl);
  await expect(page.getByText('All 2 services running.')).toBeVisible();
  if (view === undefined) return;
  const views = page.getByRole('navigation', { name: 'Views' });
  await views.getByRole('link', { name: view, exact: true }).click();
}

test('the printed address opens the page, and the token does not stay in it', async ({
  page,
  complaints,
}) => {
  await open(page);
  expect(page.url()).toBe(supervisor.ports.page_url);
  for (const name of ['MCP', 'Dashboard']) {
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
    await expect(row.first()).toContainText('Running');
  }
  await page.reload();
  await expect(page.getByText('All 2 services running.')).toBeVisible();
  expect(complaints).toEqual([]);
});

test('a session appears while its client works, and goes when it is closed', async ({ page }) => {
  await open(page, 'Sessions');
  const row = page.getByRole('row').filter({ hasText: 'editor of ann' });
  await expect(row).toHaveCount(0);
  await using client = await connectClient(supervisor.mcpUrl, 'editor of ann', 'v2');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('mcp:1');
  await client.call('memory_workspace', { action: 'list' });
  const calls = row.getByRole('cell').nth(2);
  await expect(calls).toHaveText('1');

  await row.getByRole('button', { name: 'Close the session of editor of ann' }).click();
  await expect(row).toHaveCount(0);
});

test('the indicator counts subscribers as they come and go', async ({ page }) => {
  await open(page, 'Events');
  // The dashboard is one of them.
  await expect(page.getByText('Events: ● Active (1 subscriber)', { exact: true })).toBeVisible();
  using subscriber = await SseClient.open(supervisor.eventsUrl, {
    headers: { 'user-agent': 'curl/8.0' },
  });
  await expect(page.getByText('Events: ● Active (2 subscribers)', { exact: true })).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'curl/8.0' })).toHaveCount(1);
  subscriber.close();
  await expect(page.getByText('Events: ● Active (1 subscriber)', { exact: true })).toBeVisible();
});

test('a test event is sent with a button and seen at once, as are those of agents', async ({
  page,
}) => {
  await open(page, 'Events');
  using subscriber = await SseClient.open(supervisor.eventsUrl);
  const events = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
  await page.getByRole('button', { name: 'Send test event' }).click();
  const { lastEventId } = await subscriber.until('the test event', ({ data }) =>
    data.includes('"event_type":"test"'),
  );
  await expect(page.getByText(`Sent as ${lastEventId}`)).toBeVisible();
  await expect(events.first()).toContainText('test');
  await expect(events.first()).toContainText(lastEventId);

  await using client = await connectClient(supervisor.mcpUrl, 'agent');
  const { planId } = await makePlan(client, '/work/seen');
  await expect(events.first()).toContainText('plan_created');
  await expect(events.first()).toContainText(planId);
});

test('a service is restarted from the page', async ({ page }) => {
  await open(page);
  const pidOf = async () =>
    (await supervisor.snapshot()).services.find(({ name }) => name === 'dashboard')?.pid;
  const before = await pidOf();
  await page.getByRole('button', { name: 'Restart Dashboard' }).click();
  await expect.poll(pidOf).not.toBe(before);
  await expect(page.getByText('All 2 services running.')).toBeVisible();
});

test('whoever has no token is told where to find it, and learns nothing else', async ({ page }) => {
  await page.goto(supervisor.ports.page_url ?? '');
  await expect(page.getByRole('heading', { name: 'This page needs its token' })).toBeVisible();
  await expect(page.getByText('Dashboard')).toHaveCount(0);
});

test('a wrong token is refused, and leaves no cookie', async ({ page, context }) => {
  const response = await page.goto(`${supervisor.ports.page_url}?token=wrong`);
  expect(response?.status()).toBe(401);
  expect(await context.cookies()).toEqual([]);
});
