/**
 * For tests: a dashboard such as the old system had. It streams events of its own, told to by
 * `POST /emit`, and repeats whatever the supervisor sends it, stamped and without a type, which in the
 * old system went round for ever (weakness W3). `GET /repeated` says how many it repeated.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { SseClient, type SseEvent } from './sse-client.ts';
import { until } from './until.ts';

const streams = new Set<ServerResponse>();
let repeated = 0;

function emit(json: string): void {
  for (const stream of streams) stream.write(`event: mcp_event\ndata: ${json}\n\n`);
}

const server = createServer((request, response) => {
  if (request.url === '/api/events/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: connected\ndata: {"connected":true}\n\n');
    streams.add(response);
    response.once('close', () => streams.delete(response));
  } else if (request.url === '/emit') {
    void text(request).then((json) => {
      emit(json);
      response.end();
    });
  } else {
    response.end(String(repeated));
  }
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
await once(server, 'listening');

const source = await SseClient.open(process.env['SUPERVISOR_EVENTS_URL'] ?? '');
void repeat(source);

async function repeat({ events }: { readonly events: SseEvent[] }): Promise<void> {
  for (;;) {
    const event = await until(() => events.shift(), { what: 'an event', timeoutMs: 600_000 });
    // Somebody has to listen, or the repetition would be lost and prove nothing.
    await until(() => streams.size > 0, { what: 'a listener', timeoutMs: 600_000 });
    if (event.type !== 'message') continue;
    emit(event.data);
    repeated += 1;
  }
}
