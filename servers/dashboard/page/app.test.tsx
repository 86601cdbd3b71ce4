// @vitest-environment happy-dom
import { act, cleanup, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import type { Step } from '../dashboard-api.d.ts';
import { App } from './app.tsx';
import { makeFakeServer, planEvent, planRow } from './fake-server.ts';
import { LiveModel } from './live-model.ts';

afterEach(() => {
  cleanup();
  location.hash = '';
});

function step(task: string, status: Step['status']): Step {
  return { step_index: 0, task, status, notes: '', updated_at: '2026-11-22T11:00:00.000Z' };
}

function show() {
  const server = makeFakeServer();
  const model = new LiveModel(server);
  let reconnects = 0;
  const reconnect = () => {
    reconnects += 1;
  };
  render(<App model={model} reconnect={reconnect} />);
  return { server, model, reconnects: () => reconnects };
}

test('without any workspace the page says how one comes about', async () => {
  const { server, model } = show();
  server.workspaceRows.length = 0;
  act(() => model.connected());
  expect(await screen.findByText('No workspaces yet.')).toBeDefined();
  expect(screen.getByText('memory_workspace')).toBeDefined();
  expect(screen.getByText('No changes yet.')).toBeDefined();
});

test('a step that changes shows at once, in the plan, the list, the changes and the live region', async () => {
  const { server, model } = show();
  server.planRows.push(planRow('plan_1', 'First', [step('Think', 'pending')]));
  act(() => model.connected());
  const main = within(screen.getByRole('main'));
  expect(await main.findByText('Pending')).toBeDefined();
  expect(screen.getByRole('link', { name: /First/ }).getAttribute('aria-current')).toBe('page');
  server.planRows[0] = planRow('plan_1', 'First', [step('Think', 'done')]);
  const event = { ...planEvent('evt_1', 'plan_1'), data: { step_index: 0, new_status: 'done' } };
  act(() => model.receive({ type: 'mcp_event', data: event }));
  expect(await main.findByText('Done')).toBeDefined();
  expect(screen.getAllByText('1 of 1 step done')).toHaveLength(2);
  expect(screen.getByText('Step 1 is done')).toBeDefined();
  const announcement = document.querySelector('[aria-live="polite"]');
  await waitFor(() => expect(announcement?.textContent).toBe('Step 1 is done, First.'));
});

test('a lost connection is said, with a way to try at once', async () => {
  const { model, reconnects } = show();
  act(() => model.connected());
  expect(await screen.findByText('Live')).toBeDefined();
  act(() => model.lost());
  const status = within(screen.getByRole('status'));
  expect(status.getByText(/Connection lost/)).toBeDefined();
  status.getByRole('button', { name: 'Try now' }).click();
  expect(reconnects()).toBe(1);
});

test('a plan that is gone is said to be, and the others stay in reach', async () => {
  location.hash = '#/plans/plan_9';
  const { server, model } = show();
  server.planRows.push(planRow('plan_1', 'First'));
  act(() => model.connected());
  expect(await screen.findByText('This plan does not exist.')).toBeDefined();
  expect(screen.getByRole('link', { name: /First/ }).getAttribute('href')).toBe('#/plans/plan_1');
});
