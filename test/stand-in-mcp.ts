/**
 * For tests: an MCP server of which only the webhook matters. `POST /deliver` sends its body, a list of
 * events, to the supervisor's webhook, many at a time, signed with the secret that only an instance has,
 * and answers with the supervisor's answers.
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** As many as a busy pool has under way. */
const sendersAtOnce = 16;

async function deliver(event: unknown): Promise<unknown> {
  const body = JSON.stringify({ schema_version: '1.0', event });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const secret = process.env['PM_WEBHOOK_SECRET'] ?? '';
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  const response = await fetch(process.env['PM_WEBHOOK_URL'] ?? '', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-pm-webhook-timestamp': timestamp,
      'x-pm-webhook-signature': `v1=${signature}`,
    },
    body,
  });
  return await response.json();
}

async function deliverAll(events: readonly unknown[]): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  const entries = events.entries();
  const sender = async () => {
    for (const [index, event] of entries) answers[index] = await deliver(event);
  };
  await Promise.all(Array.from({ length: sendersAtOnce }, sender));
  return answers;
}

createServer((request, response) => {
  void (async () => {
    const answer =
      request.url === '/deliver'
        ? await deliverAll((await json(request)) as readonly unknown[])
        : { status: 'ok' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  })();
}).listen(Number(process.env['MCP_PORT']), '127.0.0.1');
