/** The bundled dashboard in a browser: what agents do is on the page at once, and nothing polls for it. */
import { expect } from 'playwright/test';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';
import { connectClient, makePlan } from '../test/mcp-clients.ts';
import { test, whyNoBrowser } from './browser-test.ts';

test.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

let supervisor: RunningSupervisor;
let dashboardUrl: string;

test.beforeAll(async () => {
  supervisor = await startSupervisor();
  const snapshot = await supervisor.until(
    'the dashboard to listen',
    ({ events }) => events.subscribers.length === 1,
  );
  dashboardUrl = snapshot.dashboardUrl ?? '';
});

test.afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
});

/**
 * What a change may take from the tool's answer to the page, on a machine that is busy with other tests. That
 * the page does not ask by the clock is the second test's.
 */
const atOnce = { timeout: 5_000 };

test('a plan and its steps appear and change while an agent works', async ({
  page,
  complaints,
}) => {
  await page.goto(dashboardUrl);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(page.getByText('No workspaces yet.')).toBeVisible();
  await using client = await connectClient(supervisor.mcpUrl, 'agent', 'v2');

  const { planId: plan_id } = await makePlan(client, '/work/shop');
  await expect(page.getByRole('heading', { name: 'Plan of agent' })).toBeVisible(atOnce);
  await expect(page.getByRole('navigation')).toContainText('shop');
  const steps = page.getByRole('list', { name: 'Steps' }).getByRole('listitem');
  await expect(steps).toHaveText([/First.*Pending/, /Second.*Pending/, /Third.*Pending/]);

  await client.call('memory_steps', { action: 'update', plan_id, step_index: 1, status: 'done' });
  await expect(steps.nth(1)).toHaveText(/Second.*Done/, atOnce);
  await expect(page.getByText('1 of 3 steps done').first()).toBeVisible(atOnce);
  await expect(page.getByRole('region', { name: 'Recent changes' })).toContainText(
    /Step 2.*Plan of agent.*Plan created/,
  );

  await client.call('memory_plan', { action: 'update', plan_id, title: 'Open the shop' });
  await expect(page.getByRole('heading', { name: 'Open the shop' })).toBeVisible(atOnce);
  expect(complaints).toEqual([]);
});

test('W9 a page that nothing happens to asks for nothing, however long it is open', async ({
  page,
}) => {
  await using early = await connectClient(supervisor.mcpUrl, 'early agent');
  const { planId } = await makePlan(early, '/work/early');
  // Metrics are told to be out of date a while after a change: the last event, and a reason for the page to read.
  await supervisor.until('the events to have ended', ({ recentEvents }) => {
    const told = recentEvents.findIndex(
      ({ data }) => data.event_type === 'plan_created' && data.plan_id === planId,
    );
    const later = recentEvents.slice(told).map(({ data }) => data.event_type);
    return told >= 0 && later.at(-1) === 'metrics_invalidated';
  });
  await page.clock.install();
  const requests: string[] = [];
  page.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
  await page.goto(dashboardUrl);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  // The page reads everything, and then the plan that it opens: what is shown last was asked for last.
  const steps = page.getByRole('list', { name: 'Steps' }).getByRole('listitem');
  await expect(steps).toHaveCount(3);
  expect(requests.some((request) => request.includes('/api/'))).toBe(true);

  requests.length = 0;
  // Every timer of the page fires as it would in an hour.
  await page.clock.runFor('01:00:00');
  // One request of our own: whatever was asked before it would stand before it.
  const ours = `${dashboardUrl}api/health`;
  await page.evaluate((url) => fetch(url), ours);
  expect(requests).toEqual([`GET ${ours}`]);

  // It was listening all the time.
  await using client = await connectClient(supervisor.mcpUrl, 'late agent');
  await makePlan(client, '/work/late');
  await expect(page.getByRole('heading', { name: 'late', exact: true })).toBeVisible(atOnce);
});
