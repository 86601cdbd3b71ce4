/**
 * Whole HTTP requests, made before the time is taken: the load client only sends them. All have the same
 * length, so that the n-th one is found by multiplication.
 */
import { writeFileSync } from 'node:fs';
import { signWebhook } from '../../main/supervisor/events/webhook.ts';
import { eventBytes } from './plans.ts';

export interface RequestFile {
  readonly file: string;
  readonly requestBytes: number;
}

export interface RequestPlan {
  readonly file: string;
  /** Number of the first one: an event that was sent before would be let in only once. */
  readonly first: number;
  readonly count: number;
}

const digits = 8;

/** Signed deliveries as MCP servers send them (`POST /admin/events/hook`). */
export function writeDeliveries(plan: RequestPlan, secret: string): RequestFile {
  const timestamp = String(Math.floor(Date.now() / 1000));
  return write(plan, (number) => {
    const body = JSON.stringify({
      schema_version: '1.0',
      event: {
        id: `evt_${number}`,
        timestamp: new Date().toISOString(),
        type: 'workspace_changed',
        workspace_id: `pmws-${'x'.repeat(eventBytes - 165)}`,
      },
    });
    const signature = signWebhook(secret, timestamp, Buffer.from(body));
    return request('/admin/events/hook?source=bench', body, [
      `x-pm-webhook-timestamp: ${timestamp}`,
      `x-pm-webhook-signature: ${signature}`,
    ]);
  });
}

/** The data of events, for servers that publish what they are sent. */
export function writePlainRequests(plan: RequestPlan): RequestFile {
  return write(plan, (number) => {
    const timestamp = new Date().toISOString();
    const workspace_id = `pmws-${'x'.repeat(eventBytes - 165)}`;
    const origin = { timestamp, source: 'webhook:bench', source_id: `evt_${number}` };
    const body = JSON.stringify({ event_type: 'workspace_changed', workspace_id, ...origin });
    return request('/publish', body, []);
  });
}

function request(path: string, body: string, headers: readonly string[]): string {
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function write({ file, first, count }: RequestPlan, make: (number: string) => string): RequestFile {
  const requests = Array.from({ length: count }, (_, index) =>
    make(String(first + index).padStart(digits, '0')),
  );
  writeFileSync(file, requests.join(''));
  return { file, requestBytes: Buffer.byteLength(requests[0] ?? '') };
}
