import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { channelOf } from './channel.test-helper.ts';
import type { EventChannel } from './channel.ts';
import { Ingest } from './ingest.ts';
import { MemoryLog, type Served, serve, webhookSecret } from './room.test-helper.ts';
import { createWebhook, signWebhook } from './webhook.ts';

/** Recorded from the old MCP server, with its secret `s3cret`. */
const recorded = [
  {
    headers: {
      'x-pm-webhook-id': 'whd_1795332462250_oyehql',
      'x-pm-webhook-timestamp': '1795332462',
      'x-pm-webhook-event': 'plan_created',
      'x-pm-webhook-attempt': '1',
      'x-pm-webhook-signature':
        'v1=f1e2a71b05e6976e3a73667795f0041168f43d05b0b0893087cafc6ab958fbc6',
    },
    body: '{"schema_version":"1.0","delivery_id":"whd_1795332462250_oyehql","attempt":1,"max_attempts":4,"sent_at":"2026-11-22T07:27:42.250Z","event":{"id":"evt_mwrildpl_ce4e","timestamp":"2026-11-22T07:27:42.249Z","type":"plan_created","workspace_id":"pmws-9d6d22b1657a","plan_id":"plan_mwrildpi_c523ae55","data":{"title":"T","category":"feature"}},"context":{"workspace_id":"pmws-9d6d22b1657a","plan_id":"plan_mwrildpi_c523ae55","agent_type":null,"tool_name":null},"delivery":{"source":"project-memory-mcp/server","mode":"best-effort-non-blocking","retryable":false}}',
  },
  {
    headers: {
      'x-pm-webhook-id': 'whd_1795332462331_uot8pv',
      'x-pm-webhook-timestamp': '1795332462',
      'x-pm-webhook-event': 'step_updated',
      'x-pm-webhook-attempt': '1',
      'x-pm-webhook-signature':
        'v1=c8a40abd74f6cf83dd28d8d0a8813aedbca9be9d898575afe09399a5da4297fc',
    },
    body: '{"schema_version":"1.0","delivery_id":"whd_1795332462331_uot8pv","attempt":1,"max_attempts":4,"sent_at":"2026-11-22T07:27:42.331Z","event":{"id":"evt_mwrildru_zfaj","timestamp":"2026-11-22T07:27:42.331Z","type":"step_updated","workspace_id":"pmws-9d6d22b1657a","plan_id":"plan_mwrildpi_c523ae55","data":{"stepIndex":0,"newStatus":"active"}},"context":{"workspace_id":"pmws-9d6d22b1657a","plan_id":"plan_mwrildpi_c523ae55","agent_type":null,"tool_name":null},"delivery":{"source":"project-memory-mcp/server","mode":"best-effort-non-blocking","retryable":false}}',
  },
] as const;

const sentAt = 1_795_332_462;

interface Hook {
  readonly channel: EventChannel;
  readonly ingest: Ingest;
  readonly log: MemoryLog;
  readonly served: Served;
  readonly answered: number[];
}

async function hook({
  now = sentAt * 1_000,
  on = true,
  maxEventBytes = 131_072,
} = {}): Promise<Hook> {
  const channel = channelOf({ maxEventBytes });
  const ingest = new Ingest(channel, 'here');
  const log = new MemoryLog();
  const answered: number[] = [];
  const handler = createWebhook({
    ingest: () => (on ? ingest : null),
    secret: webhookSecret,
    logger: log.logger,
    onAnswered: (seconds) => void answered.push(seconds),
    now: () => now,
  });
  const served = await serve(handler);
  onTestFinished(async () => {
    ingest.flush();
    await served[Symbol.asyncDispose]();
  });
  return { channel, ingest, log, served, answered };
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

type Headers = Readonly<Record<string, string>>;

function deliver({ served }: Hook, body: string | Buffer, headers: Headers): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const path = '/admin/events/hook?source=mcp:3460';
    const request = httpRequest({ port: served.port, path, method: 'POST', headers, agent: false });
    request.on('response', (response) => {
      text(response).then(
        (json) => resolve({ status: response.statusCode ?? 0, json: JSON.parse(json) }),
        reject,
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Signed as it should be. */
function signed(body: string | Buffer, timestamp = String(sentAt)): Headers {
  const bytes = Buffer.from(body);
  return {
    'x-pm-webhook-timestamp': timestamp,
    'x-pm-webhook-signature': signWebhook(webhookSecret, timestamp, bytes),
  };
}

const deliveryOf = (event: unknown, more: object = {}) =>
  JSON.stringify({ delivery_id: 'whd_1', event, ...more });

test('W1 what an agent changed arrives at once, as the old MCP server tells it', async () => {
  const target = await hook();
  const answers = [];
  for (const { body, headers } of recorded) answers.push(await deliver(target, body, headers));
  expect(answers).toEqual(
    [1, 2].map((id) => ({ status: 200, json: { ok: true, id, duplicate: false } })),
  );
  const of = {
    workspace_id: 'pmws-9d6d22b1657a',
    plan_id: 'plan_mwrildpi_c523ae55',
    source: 'webhook:mcp:3460',
  };
  expect(target.channel.recent(10).map(({ data }) => data)).toEqual([
    {
      ...of,
      event_type: 'plan_created',
      timestamp: '2026-11-22T07:27:42.249Z',
      source_id: 'evt_mwrildpl_ce4e',
    },
    {
      ...of,
      event_type: 'step_changed',
      step_index: 0,
      new_status: 'active',
      timestamp: '2026-11-22T07:27:42.331Z',
      source_id: 'evt_mwrildru_zfaj',
      source_type: 'step_updated',
    },
  ]);
  expect(target.ingest.pushingSources()).toMatchObject([{ name: 'webhook:mcp:3460', received: 2 }]);
  expect(target.answered).toHaveLength(2);
});

test('it is answered only after the event is in the channel', async () => {
  const target = await hook();
  let publishedAt = 0;
  target.channel.onPublish(() => {
    publishedAt = performance.now();
    // Whatever else happens with the event happens before the answer too.
    const until = performance.now() + 30;
    while (performance.now() < until);
  });
  const body = deliveryOf({ id: 'evt_1', type: 'plan_created' });
  const { json } = await deliver(target, body, signed(body));
  expect(json).toMatchObject({ id: target.channel.lastId });
  expect(performance.now() - publishedAt).toBeGreaterThanOrEqual(30);
});

test('a delivery that comes again is accepted and changes nothing', async () => {
  const target = await hook();
  const [{ body, headers }] = recorded;
  await deliver(target, body, headers);
  const again = await deliver(target, body, { ...headers, 'x-pm-webhook-attempt': '2' });
  expect(again).toEqual({ status: 200, json: { ok: true, id: null, duplicate: true } });
  expect(target.channel.lastId).toBe(1);
});

test('a repeated delivery is known by its own id when its event has none', async () => {
  const target = await hook();
  const body = deliveryOf({ type: 'plan_created' });
  expect((await deliver(target, body, signed(body))).json).toMatchObject({ duplicate: false });
  expect((await deliver(target, body, signed(body))).json).toMatchObject({ duplicate: true });
  const other = body.replace('whd_1', 'whd_2');
  expect((await deliver(target, other, signed(other))).json).toMatchObject({ duplicate: false });
});

test('W4 what the event does not say, the delivery around it may', async () => {
  const target = await hook();
  const context = { workspace_id: 'w', plan_id: 'p', agent_type: null };
  const body = deliveryOf({ id: 'evt_1', type: 'plan_created', plan_id: null }, { context });
  await deliver(target, body, signed(body));
  expect(target.channel.recent(1)[0]?.data).toMatchObject({
    workspace_id: 'w',
    plan_id: 'p',
  });
});

const [sample] = recorded;
const signature = sample.headers['x-pm-webhook-signature'];
const foreign = signWebhook('another secret', String(sentAt), Buffer.from(sample.body));

const forgeries: Readonly<Record<string, readonly [body: string, headers: Headers]>> = {
  'another secret': [sample.body, { ...sample.headers, 'x-pm-webhook-signature': foreign }],
  'a changed body': [sample.body.replace('"T"', '"t"'), sample.headers],
  'a changed time': [sample.body, { ...sample.headers, 'x-pm-webhook-timestamp': '1795332463' }],
  'no headers': [sample.body, {}],
  'no time': [sample.body, { 'x-pm-webhook-signature': signature }],
  'no signature': [sample.body, { 'x-pm-webhook-timestamp': String(sentAt) }],
  'an empty signature': [sample.body, { ...sample.headers, 'x-pm-webhook-signature': '' }],
  'a short signature': [sample.body, { ...sample.headers, 'x-pm-webhook-signature': 'v1=f1e2' }],
  'a long signature': [
    sample.body,
    { ...sample.headers, 'x-pm-webhook-signature': `${signature}00` },
  ],
  'capital letters': [
    sample.body,
    { ...sample.headers, 'x-pm-webhook-signature': signature.toUpperCase() },
  ],
  'as long in characters, longer in bytes': [
    sample.body,
    { ...sample.headers, 'x-pm-webhook-signature': `v1=${'ä'.repeat(64)}` },
  ],
  'another scheme': [
    sample.body,
    { ...sample.headers, 'x-pm-webhook-signature': `v2${signature.slice(2)}` },
  ],
  'a time that is none': [sample.body, signed(sample.body, 'NaN')],
  'a time that is nothing': [sample.body, signed(sample.body, '')],
  'an endless time': [sample.body, signed(sample.body, 'Infinity')],
  'an old time': [sample.body, signed(sample.body, String(sentAt - 301))],
  'a future time': [sample.body, signed(sample.body, String(sentAt + 301))],
  'no JSON, and no signature': ['{', {}],
};

test.each(Object.keys(forgeries))('a forgery (%s) is refused, and nothing leaks', async (name) => {
  const target = await hook();
  const [body, headers] = forgeries[name] ?? ['', {}];
  const answer = await deliver(target, body, headers);
  // Always the same words: they tell nobody how near he was.
  expect(answer).toEqual({
    status: 401,
    json: { ok: false, error: 'The webhook signature is not valid.', code: 'signature_invalid' },
  });
  expect(target.channel.lastId).toBe(0);
  expect(target.ingest.rejected).toBe(1);
  const logged = JSON.stringify(target.log.lines);
  for (const secret of [webhookSecret, signature.slice(3), 'pmws-9d6d'])
    expect(logged).not.toContain(secret);
});

test.each([-300, 0, 300])('a clock that is %d s off is forgiven', async (seconds) => {
  const target = await hook();
  const timestamp = String(sentAt + seconds);
  expect((await deliver(target, sample.body, signed(sample.body, timestamp))).status).toBe(200);
});

test.each([131_073, 10_000_000])('a body of %d bytes is refused with 413', async (size) => {
  const target = await hook();
  const body = Buffer.alloc(size, ' ');
  expect(await deliver(target, body, signed(body))).toMatchObject({
    status: 413,
    json: { code: 'too_large' },
  });
  expect(target.channel.lastId).toBe(0);
});

test('a body that is too large is refused also when its length was not told before', async () => {
  const target = await hook();
  const body = Buffer.alloc(1_000_000, ' ');
  const headers = { ...signed(body), 'transfer-encoding': 'chunked' };
  expect(await deliver(target, body, headers)).toMatchObject({ status: 413 });
});

test('a body of exactly 131,072 bytes is fine', async () => {
  const target = await hook();
  const body = deliveryOf({ id: 'evt_1', type: 'plan_created' }).padEnd(131_072, ' ');
  expect(await deliver(target, body, signed(body))).toMatchObject({ status: 200 });
});

test.each([
  ['{"event":', 400, 'bad_json'],
  ['', 400, 'bad_json'],
  ['null', 400, 'bad_request'],
  ['[]', 400, 'bad_request'],
  ['{"delivery_id":"whd_1"}', 400, 'bad_request'],
  ['{"event":null}', 400, 'bad_request'],
  ['{"event":"text"}', 400, 'bad_request'],
  ['{"event":{"id":"evt_1"}}', 400, 'bad_request'],
])('a signed body that is no event (%s) is refused with %d', async (body, status, code) => {
  const target = await hook();
  expect(await deliver(target, body, signed(body))).toMatchObject({ status, json: { code } });
  expect(target.channel.lastId).toBe(0);
  expect(target.ingest.rejected).toBe(1);
  expect(target.ingest.pushingSources()).toEqual([]);
});

test('an event beyond max_event_bytes is refused, also when it comes again', async () => {
  const target = await hook({ maxEventBytes: 1_024 });
  const body = deliveryOf({ id: 'evt_1', type: 'tea_time', data: { text: 'x'.repeat(2_000) } });
  for (let time = 0; time < 2; time += 1) {
    expect(await deliver(target, body, signed(body))).toMatchObject({ status: 413 });
  }
});

test('while events are off, senders are told to come again', async () => {
  const target = await hook({ on: false });
  const [{ body, headers }] = recorded;
  const answer = await deliver(target, body, headers);
  expect(answer).toMatchObject({ status: 503, json: { ok: false, code: 'events_disabled' } });
});
