import { expect, test, vi } from 'vitest';
import type { MemoryEvent } from './events.ts';
import { type Received, startReceiver } from './test-process.ts';
import { signatureOf, Webhook } from './webhook.ts';
import type { WebhookSettings } from './webhook-settings.ts';

/** What is queued leaves at once; a busy machine takes its time for it. */
const graceMs = 20_000;

/** Recorded from the old server, with the secret `s3cret`. */
const recorded = {
  timestamp: '1795332462',
  signature: 'v1=f1e2a71b05e6976e3a73667795f0041168f43d05b0b0893087cafc6ab958fbc6',
  body: '{"schema_version":"1.0","delivery_id":"whd_1795332462250_oyehql","attempt":1,"max_attempts":4,"sent_at":"2026-11-22T07:27:42.250Z","event":{"id":"evt_mwrildpl_ce4e","timestamp":"2026-11-22T07:27:42.249Z","type":"plan_created","workspace_id":"pmws-9d6d22b1657a","plan_id":"plan_mwrildpi_c523ae55","data":{"title":"T","category":"feature"}},"context":{"workspace_id":"pmws-9d6d22b1657a","plan_id":"plan_mwrildpi_c523ae55","agent_type":null,"tool_name":null},"delivery":{"source":"project-memory-mcp/server","mode":"best-effort-non-blocking","retryable":false}}',
};

function settingsFor(url: string, more: Partial<WebhookSettings> = {}): WebhookSettings {
  return {
    url,
    secret: 's3cret',
    timeoutMs: graceMs,
    maxPayloadBytes: 131_072,
    retryMaxAttempts: 3,
    retryBaseDelayMs: 1,
    retryMaxDelayMs: 5,
    retryJitterRatio: 0.2,
    queueMaxInflight: 500,
    ...more,
  };
}

function webhookTo(url: string, more: Partial<WebhookSettings> = {}, now = () => new Date()) {
  const lines: string[] = [];
  const webhook = new Webhook({
    settings: settingsFor(url, more),
    fetch,
    now,
    random: () => 0.5,
    log: (line) => lines.push(line),
  });
  return { webhook, lines };
}

function eventOf(number: number): MemoryEvent {
  return {
    id: `evt_${number}`,
    timestamp: '2026-11-22T07:27:42.249Z',
    type: 'note_added',
    workspace_id: 'pmws-1',
    plan_id: 'plan_1',
    data: { note: String(number) },
  };
}

const eventIds = (received: readonly Received[]) =>
  received.map((each) => JSON.parse(each.body).event.id);

test('the signature is that of the old server, to the byte', () => {
  expect(signatureOf('s3cret', recorded.timestamp, recorded.body)).toBe(recorded.signature);
});

test('a delivery has the body and the headers that were recorded from the old server', async () => {
  await using receiver = await startReceiver();
  const sample = JSON.parse(recorded.body);
  const { webhook } = webhookTo(receiver.url, {}, () => new Date(sample.sent_at));
  webhook.deliver(sample.event);
  await webhook.close(graceMs);

  const [delivery] = receiver.received;
  const id = delivery?.headers['x-pm-webhook-id'];
  expect(id).toMatch(/^whd_1795332462250_[0-9a-z]{6}$/);
  expect(delivery?.body).toBe(recorded.body.replace(sample.delivery_id, String(id)));
  expect(delivery?.headers).toMatchObject({
    'content-type': 'application/json',
    'x-pm-webhook-timestamp': recorded.timestamp,
    'x-pm-webhook-event': 'plan_created',
    'x-pm-webhook-attempt': '1',
    'x-pm-webhook-signature': signatureOf('s3cret', recorded.timestamp, delivery?.body ?? ''),
  });
});

test('deliveries arrive in order, one at a time, over a kept connection, whatever fails between', async () => {
  let underWay = 0;
  let most = 0;
  let failures = 2;
  await using receiver = await startReceiver(async ({ body }) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    if (JSON.parse(body).event.id !== 'evt_2' || failures === 0) return 200;
    failures -= 1;
    return 503;
  });
  const { webhook, lines } = webhookTo(receiver.url);
  for (let number = 1; number <= 20; number += 1) webhook.deliver(eventOf(number));
  await webhook.close(graceMs);

  const ids = eventIds(receiver.received);
  expect(ids.filter((id, index) => id !== ids[index - 1])).toEqual(
    Array.from({ length: 20 }, (_, index) => `evt_${index + 1}`),
  );
  expect(ids.filter((id) => id === 'evt_2')).toHaveLength(3);
  expect(most).toBe(1);
  // fetch may open a second one while it gives the first back; never one per delivery.
  expect(receiver.connections()).toBeLessThanOrEqual(2);
  expect(lines).toEqual([]);
});

test('a retry keeps its delivery id, counts its attempt and is signed anew', async () => {
  const statuses = [500, 200];
  await using receiver = await startReceiver(() => statuses.shift() ?? 200);
  const { webhook } = webhookTo(receiver.url);
  webhook.deliver(eventOf(1));
  await webhook.close(graceMs);

  const [first, second] = receiver.received;
  expect(second?.headers['x-pm-webhook-id']).toBe(first?.headers['x-pm-webhook-id']);
  expect(second?.headers['x-pm-webhook-attempt']).toBe('2');
  expect(JSON.parse(second?.body ?? '')).toMatchObject({ attempt: 2, max_attempts: 4 });
  expect(second?.headers['x-pm-webhook-signature']).toBe(
    signatureOf('s3cret', String(second?.headers['x-pm-webhook-timestamp']), second?.body ?? ''),
  );
});

test('a refusal that another try cannot mend is not tried again', async () => {
  await using receiver = await startReceiver(() => 401);
  const { webhook, lines } = webhookTo(receiver.url);
  webhook.deliver(eventOf(1));
  await webhook.close(graceMs);
  expect(receiver.received).toHaveLength(1);
  expect(lines).toEqual([expect.stringContaining('evt_1 was not delivered (1 so far)')]);
});

test('a receiver that never answers costs one event its attempts, not the next ones', async () => {
  await using receiver = await startReceiver(({ body }) =>
    JSON.parse(body).event.id === 'evt_1' ? new Promise<number>(() => undefined) : 200,
  );
  // Long enough for the one that is answered at once, also on a busy machine.
  const { webhook, lines } = webhookTo(receiver.url, { timeoutMs: 1_500, retryMaxAttempts: 1 });
  webhook.deliver(eventOf(1));
  webhook.deliver(eventOf(2));
  await webhook.close(graceMs);
  expect(eventIds(receiver.received)).toEqual(['evt_1', 'evt_1', 'evt_2']);
  expect(lines).toHaveLength(1);
});

test('a receiver that is not there is named', async () => {
  const receiver = await startReceiver();
  await receiver[Symbol.asyncDispose]();
  const { webhook, lines } = webhookTo(receiver.url, { retryMaxAttempts: 0 });
  webhook.deliver(eventOf(1));
  await webhook.close(graceMs);
  expect(lines).toEqual([expect.stringContaining('ECONNREFUSED')]);
});

test('a full queue drops the newest and counts them', async () => {
  let open = (_status: number) => {};
  const gate = new Promise<number>((resolve) => {
    open = resolve;
  });
  await using receiver = await startReceiver(() => gate);
  const { webhook, lines } = webhookTo(receiver.url, { queueMaxInflight: 2 });
  for (const number of [1, 2, 3, 4]) webhook.deliver(eventOf(number));
  expect(lines).toEqual([
    expect.stringContaining('evt_3 was not delivered (1 so far)'),
    expect.stringContaining('evt_4 was not delivered (2 so far)'),
  ]);
  open(200);
  await webhook.close(graceMs);
  expect(eventIds(receiver.received)).toEqual(['evt_1', 'evt_2']);
});

test('a body over the limit is not sent and is named', async () => {
  await using receiver = await startReceiver();
  const { webhook, lines } = webhookTo(receiver.url, { maxPayloadBytes: 100 });
  webhook.deliver(eventOf(1));
  await webhook.close(graceMs);
  expect(receiver.received).toEqual([]);
  expect(lines).toEqual([expect.stringContaining('more than allowed')]);
});

test('closing gives up after the grace and says how many were left', async () => {
  await using receiver = await startReceiver(() => new Promise<number>(() => undefined));
  const { webhook, lines } = webhookTo(receiver.url);
  for (const number of [1, 2, 3]) webhook.deliver(eventOf(number));
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1));
  // Had it waited for the receiver, these had failed one by one, after `timeoutMs` each.
  await webhook.close(100);
  expect(lines).toEqual([expect.stringContaining('3 deliveries were given up')]);
});
