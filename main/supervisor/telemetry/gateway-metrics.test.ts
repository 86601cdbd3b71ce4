import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { type CallSample, GatewayMetrics } from './gateway-metrics.ts';

const sample: CallSample = {
  instance: 'mcp:1',
  method: 'tools/call',
  tool: 'look',
  outcome: 'ok',
  seconds: 0.01,
  bytesIn: 0,
  bytesOut: 0,
  repeats: 0,
  isInterrupted: false,
};

async function linesOf(registry: Registry, name: string): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
}

test('clients cannot fill the metrics with names', async () => {
  const registry = new Registry();
  const metrics = new GatewayMetrics(registry, 'p_');
  for (let call = 0; call < 110; call += 1) {
    metrics.observe({ ...sample, tool: `tool${call}` }, false);
    metrics.observe({ ...sample, tool: null, method: `method${call}` }, false);
  }
  const counted = await linesOf(registry, 'p_mcp_requests_total{');
  expect(counted).toHaveLength(102);
  expect(counted.join('\n')).toMatch(/tool="other",outcome="ok"\} 10$/m);
  expect(counted.join('\n')).toMatch(/method="other",tool="",outcome="ok"\} 110$/m);
});

test('how long a stream was open is no latency', async () => {
  const registry = new Registry();
  const metrics = new GatewayMetrics(registry, 'p_');
  metrics.observe({ ...sample, seconds: 3_600 }, true);
  expect(await linesOf(registry, 'p_mcp_requests_total{')).toHaveLength(1);
  expect(await linesOf(registry, 'p_mcp_request_seconds_count')).toEqual([]);
});

test('the last failovers are remembered, the newest first and no more than twenty', () => {
  const metrics = new GatewayMetrics(new Registry(), 'p_');
  for (let move = 1; move <= 25; move += 1) metrics.sessionMoved('mcp', `client ${move}`, 'mcp:2');
  expect(metrics.failovers).toHaveLength(20);
  expect(metrics.failovers[0]).toMatchObject({ id: 25, clientName: 'client 25', to: 'mcp:2' });
  expect(metrics.failovers.at(-1)?.id).toBe(6);
});

test('latency is that of the calls since it was last asked, and streams are calls without one', () => {
  const metrics = new GatewayMetrics(new Registry(), 'p_');
  metrics.observe({ ...sample, seconds: 0.01 }, false);
  metrics.observe({ ...sample, seconds: 3_600 }, true);
  expect(metrics.calls).toBe(2);
  expect(metrics.takeLatency().p99Ms).toBeCloseTo(10, 0);
  expect(metrics.takeLatency()).toEqual({ p50Ms: null, p99Ms: null });
});
