import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { startRig } from '../gateway-rig.test-helper.ts';
import { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import { headersOf, toolCall } from './failover.test-helper.ts';
import { createUpstreamAgent } from './forward.ts';
import { send } from './http-client.test-helper.ts';
import { createMcpRoute } from './mcp-route.ts';

test('how long a request waits for its session can be changed while the gateway runs', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const agent = createUpstreamAgent();
  // Longer than this test may take.
  let failoverWaitMs = 60_000;
  const route = createMcpRoute({
    pool: rig.pool,
    agent,
    affinity: { params: [], header: null },
    metrics: new GatewayMetrics(new Registry(), ''),
    logger: pino({ level: 'silent' }),
    onActivity: () => {},
    get failoverWaitMs() {
      return failoverWaitMs;
    },
  });
  const server = createServer((request, response) => void route(request, response, null));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  failoverWaitMs = 20;
  await rig.service().crash();
  const body = JSON.stringify({ jsonrpc: '2.0', ...toolCall('any') });
  const late = await send(port, { method: 'POST', path: '/mcp', headers: headersOf(id), body });
  expect(late.status).toBe(503);
  server.closeAllConnections();
  server.close();
  await agent.destroy();
});
