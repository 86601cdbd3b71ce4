/** MCP servers of other people: they take their port as they like, and may stream their own events. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSupervisor } from './harness.ts';
import { SseClient } from './sse-client.ts';

test('each instance that offers a stream is listened to, and an event that several tell enters once', async () => {
  await using supervisor = await startSupervisor({
    settings: {
      'mcp.node': {
        command: process.execPath,
        args: [join(import.meta.dirname, 'stand-in-streaming-mcp.ts'), '{port}'],
        events_path: '/events',
      },
      'mcp.pool': { min_instances: 2, base_port: 0 },
      dashboard: { enabled: false },
    },
  });
  const connected = await supervisor.until('both streams', ({ events }) => {
    const names = events.sources
      .filter(({ state }) => state === 'connected')
      .map(({ name }) => name);
    return names.includes('mcp:1') && names.includes('mcp:2');
  });
  using subscriber = await SseClient.open(supervisor.eventsUrl);
  const event = { id: 'evt_both', type: 'plan_created', workspace_id: 'w', plan_id: 'p', data: {} };
  for (const { port } of connected.instances) {
    await fetch(`http://127.0.0.1:${port}/emit`, { method: 'POST', body: JSON.stringify(event) });
  }
  await subscriber.until('the event', ({ data }) => data.includes('evt_both'));
  await supervisor.until('both deliveries', ({ events }) => events.deduplicated > 0);
  const seen = subscriber.events.filter(({ data }) => data.includes('evt_both'));
  expect(seen).toHaveLength(1);
  expect(JSON.parse(seen[0]?.data ?? '')).toMatchObject({
    data: { event_type: 'plan_created', workspace_id: 'w', plan_id: 'p', source_id: 'evt_both' },
  });
});

test('what Prometheus scrapes agrees with what the page shows', async () => {
  await using supervisor = await startSupervisor();
  using _subscriber = await SseClient.open(supervisor.eventsUrl);
  for (let sent = 0; sent < 3; sent += 1) {
    await supervisor.control<'EmitTestEvent'>({ type: 'EmitTestEvent', message: 'counted' });
  }
  const answer = await fetch(`${supervisor.gatewayUrl}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const text = await answer.text();
  const { events, services } = await supervisor.snapshot();
  const value = (name: string) => {
    const line = text.split('\n').find((each) => each.startsWith(`pm_supervisor_${name} `));
    return Number(line?.split(' ')[1]);
  };
  expect(value('events_published_total')).toBe(events.published);
  expect(value('events_delivered_total')).toBe(events.delivered);
  expect(value('event_subscribers')).toBe(events.subscribers.length);
  expect(value('event_gaps_total{reason="lagged"}')).toBe(0);
  expect(value('event_flush_seconds_count')).toBeGreaterThan(0);
  for (const { name, onDemand } of services) {
    expect(value(`service_up{service="${name}"}`)).toBe(onDemand ? 0 : 1);
  }
  const refused = await fetch(`${supervisor.gatewayUrl}/metrics`, {
    headers: { origin: 'http://evil.example' },
  });
  expect(refused.status).toBe(403);
});
