/** The interactive terminal of the whole program, with and without a program of the user's. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Place, startSupervisor } from './harness.ts';
import { until } from './until.ts';

const alone = { mcp: { enabled: false, port: 0 }, dashboard: { enabled: false, port: 0 } };
const onPosix = process.platform !== 'win32';

/** Opens the terminal as a program with the token does, and types. */
async function open(loginUrl: string, command: string) {
  const url = new URL(loginUrl);
  const socket = new WebSocket(`ws://${url.host}/terminal`, {
    headers: { authorization: `Bearer ${url.searchParams.get('token')}` },
  });
  let output = '';
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) output += data.toString();
  });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ type: 'size', columns: 80, rows: 24 }));
  await until(() => output.includes('here>'), { what: 'a prompt' });
  socket.send(Buffer.from(`${command}\n`));
  return { socket, output: () => output };
}

test.skipIf(!onPosix)(
  'a shell in the status page is stopped at first, which is fine, and gone with its page or a kill -9',
  async () => {
    await using place = await Place.create({
      settings: {
        ...alone,
        interactive_terminal: { shell: '/bin/sh' },
        'interactive_terminal.env': { PS1: 'here>' },
      },
    });
    await using supervisor = await startSupervisor({ place });
    const first = await supervisor.snapshot();
    expect(first.services).toMatchObject([
      { name: 'interactive_terminal', state: 'stopped', onDemand: true },
    ]);
    const page = await open(supervisor.loginUrl, 'setsid sleep 4242 & echo up=$((1+1))');
    await until(() => page.output().includes('up=2'), { what: 'its answer' });
    await until(() => place.survivors().length >= 3, { what: 'supervisor, shell and sleep' });
    supervisor.process.kill('SIGKILL');
    await supervisor.process.exited;
    await until(() => place.survivors().length === 0, { what: 'everything to be gone' });
  },
);

test('a terminal of the user’s own is an ordinary service on demand', async () => {
  const file = 'own.mjs';
  await using place = await Place.create({
    settings: {
      ...alone,
      interactive_terminal: { command: process.execPath, args: [file], port: 0, working_dir: '.' },
    },
  });
  await writeFile(
    join(place.folder, file),
    "import { createServer } from 'node:http'; createServer((_request, response) => response.end('own')).listen(Number(process.env.PORT), '127.0.0.1');",
  );
  await using supervisor = await startSupervisor({ place });
  await supervisor.control<'Start'>({ type: 'Start', service: 'terminal' });
  const { services } = await supervisor.until('it to be ready', (snapshot) =>
    snapshot.services.some(({ state }) => state === 'ready'),
  );
  const [terminal] = services;
  expect(terminal).toMatchObject({ name: 'interactive_terminal', onDemand: true });
  expect(await (await fetch(terminal?.url ?? '')).text()).toBe('own');
});
