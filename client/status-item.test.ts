import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../test/until.ts';
import { type Answer, FakeDoor } from './fake-door.test-helper.ts';

/** As much of VS Code as the example uses. */
const vscode = `
export const version = '1.130.0';
export const StatusBarAlignment = { Right: 2 };
export const item = { text: '', tooltip: '', show() {}, dispose() {} };
export const window = { createStatusBarItem: () => item };
export const workspace = { workspaceFolders: [{ uri: { fsPath: '/work' } }] };
export const env = { sessionId: 'w1', appName: 'Code' };
`;

/** The code of the page, with its two imports where they are here. */
async function loadExample(folder: string) {
  const page = await readFile(join(import.meta.dirname, '../docs/vscode-status-item.md'), 'utf8');
  const code = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(45);
  const module = join(folder, 'node_modules', 'vscode');
  await mkdir(module, { recursive: true });
  await writeFile(join(module, 'package.json'), '{"type":"module","exports":"./index.js"}');
  await writeFile(join(module, 'index.js'), vscode);
  const library = pathToFileURL(join(import.meta.dirname, 'supervisor-client.ts')).href;
  const file = join(folder, 'extension.mjs');
  await writeFile(file, code.replace('./supervisor-client.js', library));
  const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(path).href);
  const { activate } = (await load(file)) as { activate: (context: object) => void };
  const { item } = (await load(join(module, 'index.js'))) as {
    item: { text: string; tooltip: string };
  };
  return { activate, item };
}

test('the status item of the documentation shows the state, and attaches its window anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pm-vscode-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const services: object[] = [];
  const answer: Answer = ({ id, type }, say) => {
    say({ ok: true, data: {}, id });
    if (type !== 'Watch') return;
    say({ type: 'watch', id, topic: 'snapshot', data: { services, sessions: [1, 2] } });
  };
  const door = await FakeDoor.open(answer);
  vi.stubEnv('PM_SUPERVISOR_CONFIG', join(folder, 'supervisor.toml'));
  vi.stubEnv('XDG_RUNTIME_DIR', folder);
  const subscriptions: { dispose(): void }[] = [];
  onTestFinished(async () => {
    for (const each of subscriptions) each.dispose();
    vi.unstubAllEnvs();
    await door[Symbol.asyncDispose]();
  });
  await writeFile(join(folder, 'ports.json'), JSON.stringify({ control_socket: door.path }));
  const { activate, item } = await loadExample(folder);
  activate({ subscriptions });
  await until(() => item.text === '$(check) MCP', { what: 'a healthy item', instead: () => item });
  expect(item.tooltip).toBe('2 MCP sessions');
  const attached = () => door.requests.filter(({ type }) => type === 'AttachClient');
  expect(attached()).toMatchObject([{ window_id: 'w1', agent: 'Code', workspace: '/work' }]);
  await door.away();
  await until(() => item.text === '$(circle-slash) MCP', { what: 'the loss', instead: () => item });
  services.push({ displayName: 'Search', state: 'failed', reason: 'no such program' });
  await door.listen();
  await until(() => item.tooltip === 'Search: no such program', {
    what: 'the failure',
    instead: () => item,
  });
  expect(attached()).toHaveLength(2);
});
