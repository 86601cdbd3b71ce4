/** Keys whose effect shows only in the running program. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from './free-port.ts';
import { startSupervisor } from './harness.ts';

test('log level, data folder, address of the page, output, apps and ports are as the file says', async () => {
  const pagePort = await freePort();
  await using supervisor = await startSupervisor({
    settings: {
      supervisor: { control_tcp_port: 0, log_level: 'error', data_dir: 'my-data' },
      gui_server: { port: pagePort, bind_address: 'localhost' },
      runtime_output: { ring_lines: 10, file: false },
      dashboard: { enabled: false },
      'mcp.pool': { base_port: 28_460 },
      approval_gui: {
        command: process.execPath,
        args: ['-e', `process.stdin.once('data', () => console.log('{"status":"yes"}'))`],
      },
    },
    servers: [
      {
        name: 'talker',
        command: process.execPath,
        args: ['-e', 'for (let i = 0; i < 50; i++) console.log(i); setInterval(() => {}, 1e6)'],
      },
    ],
  });
  // Its own lines; those before it has a log are not among them.
  expect(supervisor.output()).not.toMatch(/ INFO | WARN /);
  const { pageUrl } = await supervisor.snapshot();
  expect(pageUrl).toBe(`http://localhost:${pagePort}/`);
  expect((await fetch(`${pageUrl}health`)).status).toBe(200);
  const data = await readdir(join(supervisor.place.folder, 'my-data'));
  expect(data).toContain('events.db');
  const [instance] = await supervisor.control<'ListMcpInstances'>({ type: 'ListMcpInstances' });
  // The next one where somebody has that.
  expect(instance?.port).toBeGreaterThanOrEqual(28_460);
  expect(instance?.port).toBeLessThan(28_660);
  const logs = await supervisor.control<'Logs'>({ type: 'Logs', service: 'talker' });
  expect(logs.lines.length).toBeLessThanOrEqual(10);
  expect(logs.file).toBeNull();
  const app = { type: 'LaunchApp', app_name: 'approval_gui', payload: {} } as const;
  expect(await supervisor.control<'LaunchApp'>(app)).toMatchObject({ success: true });
});

test('output is not kept, MCP and the page are off, if the file says so', async () => {
  await using supervisor = await startSupervisor({
    settings: {
      mcp: { port: 0, enabled: false },
      dashboard: { enabled: false },
      gui_server: { enabled: false },
      runtime_output: { enabled: false },
      interactive_terminal: { enabled: false },
    },
    servers: [
      {
        name: 'talker',
        command: process.execPath,
        args: ['-e', "console.log('up'); setInterval(() => {}, 1e6)"],
        readiness_log: 'up',
      },
    ],
  });
  const { services, pageUrl, mcpUrl } = await supervisor.snapshot();
  expect([services.map(({ name }) => name), pageUrl, mcpUrl]).toEqual([['talker'], null, null]);
  const logs = await supervisor.control<'Logs'>({ type: 'Logs', service: 'talker' });
  expect(logs.lines).toEqual([]);
});
