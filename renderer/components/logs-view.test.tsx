// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ControlRequest, Reply, ReplyData } from '../../shared/control-protocol.ts';
import type { ServiceLine } from '../../shared/status.ts';
import { createFakeBridge, type FakeBridge } from '../fixtures/fake-bridge.ts';
import { instanceFixtures, serviceFixture } from '../fixtures/services.ts';
import { draw, goTo, showApp } from '../fixtures/show-app.tsx';

const line = (seq: number, stream: ServiceLine['stream'], text: string): ServiceLine => {
  return { seq, at: Date.UTC(2026, 10, 22, 12), stream, text };
};

const printed: readonly ServiceLine[] = [
  line(1, 'mark', '— started, pid 70 —'),
  line(2, 'stdout', 'listening on <b>8801</b>'),
  line(3, 'stderr', '\u001b[31mError:\u001b[0m no such table'),
  line(4, 'mark', '— ended with exit code 1 —'),
];

beforeEach(() => {
  // happy-dom lays nothing out: without a height no line would be in sight.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(18);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  location.hash = '';
});

function answerLogs(lines: readonly ServiceLine[]): (request: ControlRequest) => Reply {
  return (request) => {
    if (request.type !== 'Logs') return { ok: true, data: {} };
    const since = request.since ?? 1;
    const data: ReplyData['Logs'] = {
      service: request.service,
      lines: lines.filter(({ seq }) => seq >= since),
      next: lines.length + 1,
      dropped: 0,
      file: '/home/ada/.local/share/ProjectMemory/logs/search.log',
      problem: null,
    };
    return { ok: true, data };
  };
}

async function showLogs(reply: FakeBridge['reply'], hash = '#/logs/search'): Promise<FakeBridge> {
  const bridge = createFakeBridge();
  bridge.reply = reply;
  await showApp(
    {
      services: [
        serviceFixture({ name: 'mcp', displayName: 'MCP', kind: 'mcp_pool' }),
        serviceFixture({ name: 'search', displayName: 'Search', state: 'stopped', pid: null }),
      ],
      instances: instanceFixtures(Date.now()),
    },
    bridge,
  );
  await goTo(hash);
  await screen.findByRole('log');
  return bridge;
}

test('a stopped service still shows what it printed, with its restarts as dividers', async () => {
  await showLogs(answerLogs(printed));
  const log = screen.getByRole('log', { name: 'Output of Search' });
  expect((await within(log).findByText('started, pid 70')).className).toBe('');
  expect(within(log).getByText('ended with exit code 1')).toBeTruthy();
  expect(within(log).getByText('listening on <b>8801</b>')).toBeTruthy();
  const error = within(log).getByText('Error:');
  expect(error.dataset['colour']).toBe('red');
  expect(error.closest('[data-stream]')?.textContent).toMatch(/errError: no such table$/u);
  expect(screen.getByText(/logs\/search\.log/u)).toBeTruthy();
});

test('the search counts and marks what it finds; the stream can be chosen', async () => {
  await showLogs(answerLogs(printed));
  await screen.findByText('4 lines');
  const field = screen.getByRole('searchbox', { name: 'Search the log' });
  await draw(() => fireEvent.change(field, { target: { value: 'NO SUCH' } }));
  expect(screen.getByText('1 of 4 lines')).toBeTruthy();
  expect(screen.getByRole('log').querySelector('mark')?.textContent).toBe('no such');
  await draw(() => fireEvent.keyDown(field, { key: 'Escape' }));
  expect(screen.getByText('4 lines')).toBeTruthy();
  const stream = screen.getByRole('combobox', { name: 'Stream' });
  await draw(() => fireEvent.change(stream, { target: { value: 'stdout' } }));
  expect(screen.queryByText('Error:')).toBeNull();
  expect(screen.getByText('listening on <b>8801</b>')).toBeTruthy();
});

test('Enter goes to the next place found and Shift+Enter to the one before, and the lines stand still', async () => {
  await showLogs(answerLogs(printed));
  await screen.findByText('4 lines');
  const field = screen.getByRole('searchbox', { name: 'Search the log' });
  await draw(() => fireEvent.change(field, { target: { value: 's' } }));
  expect(screen.getByText('2 found')).toBeTruthy();
  const current = () => document.querySelector('[data-current]')?.textContent ?? '';
  const press = (shiftKey: boolean) =>
    draw(() => fireEvent.keyDown(field, { key: 'Enter', shiftKey }));
  await press(false);
  expect(screen.getByText('1 of 2')).toBeTruthy();
  expect(current()).toContain('listening on');
  expect(screen.getByRole('button', { name: 'Follow' })).toBeTruthy();
  await press(false);
  expect(current()).toContain('no such table');
  await press(false);
  expect(screen.getByText('1 of 2')).toBeTruthy();
  await press(true);
  expect(screen.getByText('2 of 2')).toBeTruthy();
  await draw(() => fireEvent.click(screen.getByRole('button', { name: 'Follow' })));
  expect(current()).toBe('');
});

test('a search can leave the other lines where they are', async () => {
  await showLogs(answerLogs(printed));
  await screen.findByText('4 lines');
  const field = screen.getByRole('searchbox', { name: 'Search the log' });
  await draw(() => fireEvent.change(field, { target: { value: 'table' } }));
  expect(screen.queryByText('started, pid 70')).toBeNull();
  await draw(() => fireEvent.click(screen.getByRole('checkbox', { name: 'Only lines found' })));
  expect(screen.getByText('started, pid 70')).toBeTruthy();
  expect(screen.getByText('4 lines')).toBeTruthy();
  await draw(() => fireEvent.click(screen.getByRole('button', { name: 'Previous place found' })));
  expect(screen.getByText('1 of 1')).toBeTruthy();
  expect(document.querySelector('[data-current]')?.textContent).toContain('no such table');
});

test('of 10,000 lines only those in sight are in the document', async () => {
  const many = Array.from({ length: 10_000 }, (_none, index) =>
    line(index + 1, 'stdout', `line ${index + 1}`),
  );
  await showLogs(answerLogs(many));
  await screen.findByText('10,000 lines');
  const rows = screen.getByRole('log').querySelectorAll('[data-index]').length;
  expect(rows).toBeGreaterThan(10);
  expect(rows).toBeLessThan(100);
});

test('of a pool the first instance is shown, and each service can be chosen', async () => {
  const bridge = await showLogs(answerLogs(printed), '#/logs/mcp');
  expect(screen.getByRole('log', { name: 'Output of MCP instance 1' })).toBeTruthy();
  expect(bridge.requests).toContainEqual({ type: 'Logs', service: 'mcp:1', lines: 1_000 });
  const choice = screen.getByRole('combobox', { name: 'Service' });
  expect(
    within(choice)
      .getAllByRole('option')
      .map(({ textContent }) => textContent),
  ).toEqual(['MCP instance 1', 'MCP instance 2', 'Search']);
});

test('a refusal is said in place of the lines', async () => {
  const error = 'There is no process "search".';
  await showLogs({ ok: false, code: 'unknown_service', error, data: null });
  expect(await screen.findByText(error)).toBeTruthy();
});

test('these lines are copied as text, where the clipboard is not allowed too', async () => {
  await showLogs(answerLogs(printed));
  await screen.findByText('4 lines');
  const copied: string[] = [];
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('not allowed'));
  Object.defineProperty(document, 'execCommand', {
    configurable: true,
    value: () => copied.push(document.querySelector('textarea')?.value ?? '') > 0,
  });
  await draw(() => fireEvent.click(screen.getByRole('button', { name: 'Copy these lines' })));
  expect(copied[0]).toMatch(/\d\d:00:00\.000 Error: no such table\n/u);
  expect(await screen.findByText('Copied')).toBeTruthy();
});
