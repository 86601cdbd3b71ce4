/** What the three service managers are told, as a person would type it. */
import { expect, test } from 'vitest';
import type { LoginService } from '../main/supervisor/config/autostart.ts';
import { registration, removal, typed } from './service-manager.ts';

const agent: LoginService = { system: 'launchd', name: 'dev.x', file: '/Users/me/a b.plist' };
const task: LoginService = { system: 'task', name: 'Project Memory', file: 'C:\\a.xml' };
const uid = 501;

const told = (steps: Parameters<typeof typed>[0][]) => steps.map((step) => typed(step));

test('launchd: loading the agent starts it, so it is not loaded beside one that runs', () => {
  expect(told([...registration(agent, { startNow: true, uid })])).toEqual([
    'launchctl bootout gui/501/dev.x',
    'launchctl bootstrap gui/501 "/Users/me/a b.plist"',
  ]);
  expect(registration(agent, { startNow: false, uid })).toEqual([]);
  expect(told([...removal(agent, { uid }).before])).toEqual(['launchctl bootout gui/501/dev.x']);
});

test('Windows: the task is made from its file, run at once where none runs, and deleted by name', () => {
  const create = 'schtasks /Create /TN "Project Memory" /XML C:\\a.xml /F';
  expect(told([...registration(task, { startNow: false, uid })])).toEqual([create]);
  expect(told([...registration(task, { startNow: true, uid })])).toEqual([
    create,
    'schtasks /Run /TN "Project Memory"',
  ]);
  expect(told([...removal(task, { uid }).before])).toEqual([
    'schtasks /Delete /TN "Project Memory" /F',
  ]);
});
