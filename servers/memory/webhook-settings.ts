/** The `PM_WEBHOOK_…` variables of the old server, with their defaults. */
import type { Environment } from './options.ts';

export interface WebhookSettings {
  readonly url: string;
  /** Signs every delivery; null sends them unsigned. */
  readonly secret: string | null;
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  readonly maxPayloadBytes: number;
  /** Attempts after the first. */
  readonly retryMaxAttempts: number;
  readonly retryBaseDelayMs: number;
  readonly retryMaxDelayMs: number;
  /** By which share a delay may be longer or shorter, 0 to 1. */
  readonly retryJitterRatio: number;
  /** Most deliveries that wait or are under way. */
  readonly queueMaxInflight: number;
}

/** Null when the webhook is off, or cannot be on: then `warn` is told why. */
export function readWebhookSettings(
  environment: Environment,
  warn: (line: string) => void,
): WebhookSettings | null {
  const read = (name: string) => environment[`PM_WEBHOOK_${name}`]?.trim() ?? '';
  const flag = (name: string, fallback: boolean) => {
    const text = read(name).toLowerCase();
    return text === '' ? fallback : ['1', 'true', 'yes', 'on'].includes(text);
  };
  const number = (
    name: string,
    fallback: number,
    { min = 0, max = Number.MAX_SAFE_INTEGER } = {},
  ) => {
    const text = read(name);
    const value = Number(text);
    if (text === '') return fallback;
    if (value >= min && value <= max) return value;
    warn(`webhook: PM_WEBHOOK_${name}=${text} is not a number from ${min}; ${fallback} is used`);
    return fallback;
  };

  if (!flag('ENABLED', false)) return null;
  const url = read('URL');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    warn('webhook: off, because PM_WEBHOOK_URL is not an http(s) address');
    return null;
  }
  const secret = flag('SIGNING_ENABLED', true) ? read('SECRET') : null;
  if (secret === '') {
    warn('webhook: off, because signing needs PM_WEBHOOK_SECRET (or PM_WEBHOOK_SIGNING_ENABLED=0)');
    return null;
  }
  return {
    url,
    secret,
    timeoutMs: number('TIMEOUT_MS', 3000, { min: 1, max: 2 ** 31 - 1 }),
    maxPayloadBytes: number('MAX_PAYLOAD_BYTES', 131_072, { min: 1 }),
    retryMaxAttempts: number('RETRY_MAX_ATTEMPTS', 3),
    retryBaseDelayMs: number('RETRY_BASE_DELAY_MS', 500),
    retryMaxDelayMs: number('RETRY_MAX_DELAY_MS', 10_000, { max: 2 ** 30 }),
    retryJitterRatio: number('RETRY_JITTER_RATIO', 0.2, { max: 1 }),
    queueMaxInflight: number('QUEUE_MAX_INFLIGHT', 500, { min: 1 }),
  };
}
