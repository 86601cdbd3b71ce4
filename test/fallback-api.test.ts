/** A REST API of the user's behind the gateway, with the whole program and a real server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Place, startSupervisor } from './harness.ts';

/** It has no /health, as any API may. */
const api = `
import { createServer } from 'node:http';
createServer((request, response) => {
  if (!request.url.startsWith('/api/')) { response.writeHead(404).end(); return; }
  response.setHeader('content-type', 'application/json');
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => response.end(JSON.stringify({ method: request.method, url: request.url, body })));
}).listen(Number(process.env.FALLBACK_API_PORT), process.env.FALLBACK_API_HOST);
`;

const unavailable = {
  success: false,
  error: expect.stringContaining('Fallback API'),
  code: 'fallback_unavailable',
};

test('requests go to the API with path, query and body; while it is away the old answer says so', async () => {
  const file = 'api.mjs';
  await using place = await Place.create({
    settings: {
      mcp: { enabled: false, port: 0 },
      dashboard: { enabled: false, port: 0 },
      fallback_api: {
        enabled: true,
        port: 0,
        command: process.execPath,
        args: [file],
        working_dir: '.',
      },
    },
  });
  await writeFile(join(place.folder, file), api);
  await using supervisor = await startSupervisor({ place });
  const ask = async () => {
    const url = `${supervisor.gatewayUrl}/api/fallback/plans/7?full=1`;
    const response = await fetch(url, { method: 'POST', body: 'text' });
    return [response.status, await response.json()];
  };
  expect(await ask()).toEqual([
    200,
    { method: 'POST', url: '/api/fallback/plans/7?full=1', body: 'text' },
  ]);
  await supervisor.control<'Stop'>({ type: 'Stop', service: 'fallback_api' });
  await supervisor.until('the API to have stopped', ({ services }) =>
    services.some(({ name, state }) => name === 'fallback_api' && state === 'stopped'),
  );
  expect(await ask()).toEqual([503, unavailable]);
  await supervisor.control<'Start'>({ type: 'Start', service: 'fallback_api' });
  await supervisor.until('the API to be back', ({ services }) =>
    services.some(({ name, state }) => name === 'fallback_api' && state === 'ready'),
  );
  expect((await ask())[0]).toBe(200);
});

test('without an API the answer is the same, and nothing of it is shown', async () => {
  await using supervisor = await startSupervisor({
    settings: { mcp: { enabled: false, port: 0 }, dashboard: { enabled: false, port: 0 } },
  });
  const response = await fetch(`${supervisor.gatewayUrl}/api/fallback/x`);
  expect([response.status, await response.json()]).toEqual([503, unavailable]);
  const { services } = await supervisor.snapshot();
  expect(services.map(({ name }) => name)).not.toContain('fallback_api');
});
