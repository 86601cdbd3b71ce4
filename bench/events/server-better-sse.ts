/** A contestant: better-sse's channel, used as its documentation shows. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { createChannel, createSession } from 'better-sse';
import { run } from './contestant-process.ts';
import { stampedEvent } from './payload.ts';

const channel = createChannel();
let lastId = 0;

function broadcast(event: unknown): void {
  channel.broadcast(event, 'message', { eventId: String(lastId) });
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    void createSession(request, response).then((session) => channel.register(session));
    return;
  }
  void json(request).then((body) => {
    lastId += 1;
    broadcast({ id: lastId, data: body });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: true, id: lastId }));
  });
});

run({
  server,
  publish: (count, message) => {
    for (let published = 0; published < count; published += 1) {
      lastId += 1;
      broadcast(stampedEvent(lastId, message));
    }
  },
});
