/**
 * `POST /admin/events/hook`: how MCP instances tell of their changes. Signed with a secret that only
 * the supervisor's own children have; answered 2xx only after the event is in the channel, so that a
 * sender that got no answer sends again and loses nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '../../../shared/errors.ts';
import { readBody, sendError, sendJson } from '../http/respond.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Ingest } from './ingest.ts';

/** The senders' own cap (PM_WEBHOOK_MAX_PAYLOAD_BYTES). */
const maxBodyBytes = 131_072;

/** How far a delivery's clock may be off, in seconds; older ones may be replays. */
const maxAgeSeconds = 300;

/** The signature of a delivery: `v1=` and the HMAC-SHA256 of `<timestamp>.<raw body>` in hex. */
export function signWebhook(secret: string, timestamp: string, body: Buffer): string {
  const hmac = createHmac('sha256', secret).update(`${timestamp}.`).update(body);
  return `v1=${hmac.digest('hex')}`;
}

export interface WebhookOptions {
  /** Null while events are switched off. */
  readonly ingest: () => Ingest | null;
  readonly secret: string;
  readonly logger: Logger;
  /** Told how long a delivery took to answer, in seconds. */
  readonly onAnswered?: (seconds: number) => void;
  /** Unix ms; given so that tests can set the clock. */
  readonly now?: () => number;
}

export function createWebhook({
  ingest: currentIngest,
  secret,
  logger,
  onAnswered,
  now = Date.now,
}: WebhookOptions) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const since = performance.now();
    response.once('finish', () => onAnswered?.((performance.now() - since) / 1000));
    receive(request, response).catch((error: unknown) => {
      currentIngest()?.countRejected();
      logger.warn({ err: error }, 'webhook delivery refused');
      // What is left of the body is not read; the connection cannot serve another request.
      if (!request.complete) response.shouldKeepAlive = false;
      sendError(response, error);
    });
  };

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ingest = currentIngest();
    if (ingest === null) {
      throw new CodedError('events_disabled', 'Events are switched off: [events] enabled = false.');
    }
    const body = await readBody(request, maxBodyBytes);
    verify(request, body);
    const source = sourceOf(request);
    const event = ingest.accept(readDelivery(body), source);
    ingest.countPush(source);
    sendJson(response, 200, { ok: true, id: event?.id ?? null, duplicate: event === null });
  }

  function verify(request: IncomingMessage, body: Buffer): void {
    const timestamp = request.headers['x-pm-webhook-timestamp'];
    const signature = request.headers['x-pm-webhook-signature'];
    const refusal = new CodedError('signature_invalid', 'The webhook signature is not valid.');
    if (typeof timestamp !== 'string' || typeof signature !== 'string') throw refusal;
    const expected = Buffer.from(signWebhook(secret, timestamp, body));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refusal;
    const age = Math.abs(now() / 1000 - Number(timestamp));
    if (!(age <= maxAgeSeconds)) throw refusal;
  }
}

/**
 * The event inside a delivery (`{schema_version, delivery_id, event, context, …}`); for an id that it
 * does not say itself, what the delivery says of it, so that a repeated delivery is known by its id.
 */
function readDelivery(body: Buffer): unknown {
  let delivery: unknown;
  try {
    delivery = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new CodedError('bad_json', 'The delivery is not valid JSON.', { cause: error });
  }
  if (typeof delivery !== 'object' || delivery === null || !('event' in delivery)) {
    throw new CodedError('bad_request', 'The delivery has no "event".');
  }
  const { event, delivery_id, context } = delivery as Delivery;
  const told: Told = { ...context, id: delivery_id };
  const missing = (['id', 'workspace_id', 'plan_id'] as const).filter(
    (name) => typeof told[name] === 'string' && (event?.[name] ?? null) === null,
  );
  return { ...event, ...Object.fromEntries(missing.map((name) => [name, told[name]])) };
}

type Told = Readonly<Record<string, unknown>>;

/** What it seems to be; the event is checked when it is mapped. */
interface Delivery {
  readonly event: Told | null;
  readonly delivery_id?: unknown;
  readonly context?: Told | null;
}

/** The injected URL names the instance, so that people see who sent what. */
function sourceOf(request: IncomingMessage): string {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  return `webhook:${searchParams.get('source')?.slice(0, 100) ?? 'unknown'}`;
}
