/**
 * Tells a supervisor about every event, in the format of the old server. Deliveries leave one at a
 * time and in order, so a receiver never sees a step of a plan before the plan. They never slow a
 * tool call down or make it fail: the queue is bounded, and what does not fit or does not arrive is
 * counted and said on stderr; the event itself is safe in `event_log`.
 */
import { createHmac, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.ts';
import type { MemoryEvent } from './events.ts';
import type { WebhookSettings } from './webhook-settings.ts';

/** Failures that another try may mend (those of the old server). */
const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The signature's header: `v1=` and the hex HMAC-SHA256 of `<timestamp>.<raw body>`. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

export interface WebhookDependencies {
  readonly settings: WebhookSettings;
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => Date;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  readonly log: (line: string) => void;
}

interface Delivery {
  readonly id: string;
  readonly event: MemoryEvent;
}

type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly retry: boolean; readonly why: string };

export class Webhook {
  readonly #dependencies: WebhookDependencies;
  readonly #queue: Delivery[] = [];
  readonly #abort = new AbortController();
  #draining: Promise<void> | undefined;
  #lost = 0;

  constructor(dependencies: WebhookDependencies) {
    this.#dependencies = dependencies;
  }

  /** Queues an event and returns at once; when the queue is full, the event is dropped. */
  readonly deliver = (event: MemoryEvent): void => {
    const { settings, now } = this.#dependencies;
    if (this.#queue.length >= settings.queueMaxInflight) {
      this.#lose(event, `${this.#queue.length} deliveries are waiting already`);
      return;
    }
    this.#queue.push({ id: `whd_${now().getTime()}_${randomSuffix()}`, event });
    this.#draining ??= this.#drain();
  };

  /** Delivers what is queued for at most `graceMs`, then gives the rest up. */
  async close(graceMs: number): Promise<void> {
    const giveUp = setTimeout(() => this.#abort.abort(), graceMs);
    await this.#draining;
    clearTimeout(giveUp);
    this.#abort.abort();
    const left = this.#queue.length;
    if (left > 0) {
      this.#dependencies.log(`webhook: ${left} deliveries were given up: the server is stopping`);
    }
  }

  async #drain(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      await this.#send(next);
      if (this.#abort.signal.aborted) break;
      // Only now: a delivery under way still takes its place in the queue.
      this.#queue.shift();
    }
    this.#draining = undefined;
  }

  /** Tries until it arrived, cannot arrive, or the server stops. Never throws. */
  async #send(delivery: Delivery): Promise<void> {
    const { settings } = this.#dependencies;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(delivery, attempt);
      if (outcome.ok || this.#abort.signal.aborted) return;
      if (!outcome.retry || attempt > settings.retryMaxAttempts) {
        this.#lose(delivery.event, outcome.why);
        return;
      }
      await this.#pause(attempt);
      if (this.#abort.signal.aborted) return;
    }
  }

  async #attempt({ id, event }: Delivery, attempt: number): Promise<Outcome> {
    const { settings, fetch, now } = this.#dependencies;
    const sentAt = now();
    const body = serialise(id, event, attempt, settings, sentAt);
    const sizeBytes = Buffer.byteLength(body);
    if (sizeBytes > settings.maxPayloadBytes) {
      return { ok: false, retry: false, why: `${sizeBytes} bytes are more than allowed` };
    }
    const timestamp = String(Math.floor(sentAt.getTime() / 1000));
    try {
      const response = await fetch(settings.url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'X-PM-Webhook-Id': id,
          'X-PM-Webhook-Timestamp': timestamp,
          'X-PM-Webhook-Event': event.type,
          'X-PM-Webhook-Attempt': String(attempt),
          ...(settings.secret !== null && {
            'X-PM-Webhook-Signature': signatureOf(settings.secret, timestamp, body),
          }),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(settings.timeoutMs)]),
      });
      // Read to its end, or the connection cannot be used for the next delivery.
      await response.arrayBuffer();
      if (response.ok) return { ok: true };
      const why = `the receiver answered ${response.status}`;
      return { ok: false, retry: retryableStatuses.has(response.status), why };
    } catch (error) {
      return { ok: false, retry: true, why: reasonOf(error) };
    }
  }

  /** Waits before the next attempt: doubling, capped, with jitter; ends early when closed. */
  async #pause(attempt: number): Promise<void> {
    const { settings, random } = this.#dependencies;
    const baseMs = Math.min(
      settings.retryBaseDelayMs * 2 ** (attempt - 1),
      settings.retryMaxDelayMs,
    );
    const jitter = 1 + settings.retryJitterRatio * (random() * 2 - 1);
    await delay(baseMs * jitter, undefined, { signal: this.#abort.signal }).catch(() => undefined);
  }

  #lose(event: MemoryEvent, why: string): void {
    this.#lost += 1;
    this.#dependencies.log(
      `webhook: ${event.type} ${event.id} was not delivered (${this.#lost} so far): ${why}`,
    );
  }
}

function serialise(
  id: string,
  event: MemoryEvent,
  attempt: number,
  settings: WebhookSettings,
  sentAt: Date,
): string {
  return JSON.stringify({
    schema_version: '1.0',
    delivery_id: id,
    attempt,
    max_attempts: settings.retryMaxAttempts + 1,
    sent_at: sentAt.toISOString(),
    event,
    context: {
      workspace_id: event.workspace_id ?? null,
      plan_id: event.plan_id ?? null,
      agent_type: event.agent_type ?? null,
      tool_name: event.tool_name ?? null,
    },
    delivery: {
      source: 'project-memory-mcp/server',
      mode: 'best-effort-non-blocking',
      retryable: false,
    },
  });
}

function randomSuffix(): string {
  return randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0');
}

/** `fetch failed` says nothing; its cause does (`connect ECONNREFUSED 127.0.0.1:3457`). */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}
