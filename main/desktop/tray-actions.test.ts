import { expect, test, vi } from 'vitest';
import type { Reply } from '../../shared/control-protocol.ts';
import { patience } from '../../test/patience.ts';
import { attempts } from './attempt.ts';
import { trayActions } from './tray-actions.ts';

function actions(reply: Reply) {
  const error = vi.fn();
  const options = {
    control: vi.fn(async () => reply),
    showWindow: vi.fn(),
    editConfig: vi.fn(),
    clipboard: { writeText: vi.fn(async () => {}) },
    shell: { openExternal: vi.fn(async () => {}) },
    app: { quit: vi.fn() },
  };
  return {
    ...options,
    error,
    perform: trayActions({ ...options, attempt: attempts({ error }, null) }),
  };
}

test('each tray item does what it says', async () => {
  const tray = actions({ ok: true, data: null });
  const request = { type: 'Restart', service: 'mcp' } as const;
  tray.perform({ do: 'control', request });
  tray.perform({ do: 'open-window' });
  tray.perform({ do: 'edit-config' });
  tray.perform({ do: 'copy', text: 'http://127.0.0.1:3457/mcp' });
  tray.perform({ do: 'open-url', url: 'http://127.0.0.1:3459/' });
  tray.perform({ do: 'quit' });
  expect(tray.control).toHaveBeenCalledWith(request);
  expect(tray.showWindow).toHaveBeenCalledOnce();
  expect(tray.editConfig).toHaveBeenCalledOnce();
  expect(tray.clipboard.writeText).toHaveBeenCalledWith('http://127.0.0.1:3457/mcp');
  expect(tray.shell.openExternal).toHaveBeenCalledWith('http://127.0.0.1:3459/');
  expect(tray.app.quit).toHaveBeenCalledOnce();
  expect(tray.error).not.toHaveBeenCalled();
});

test('a refused restart is logged with its reason', async () => {
  const code = 'unknown_service';
  const tray = actions({ ok: false, code, error: 'There is no service mcp.', data: null });
  tray.perform({ do: 'control', request: { type: 'Restart', service: 'mcp' } });
  await vi.waitUntil(() => tray.error.mock.calls.length > 0, patience);
  expect(tray.error.mock.calls[0]).toMatchObject([
    { err: { code, message: 'There is no service mcp.' } },
    'Could not carry out "Restart mcp" of the tray menu. The supervisor runs on.',
  ]);
});
