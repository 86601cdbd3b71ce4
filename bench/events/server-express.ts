/** A contestant: what most people write, one `res.write` for each client and event. */
import { createServer } from 'node:http';
import express, { type Response } from 'express';
import { run } from './contestant-process.ts';
import { stampedEvent } from './payload.ts';

const clients = new Set<Response>();
let lastId = 0;

function broadcast(event: unknown): void {
  const frame = `id: ${lastId}\ndata: ${JSON.stringify(event)}\n\n`;
  for (const client of clients) client.write(frame);
}

const app = express();
app.get('/events', (request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  clients.add(response);
  request.on('close', () => clients.delete(response));
});
app.post('/publish', express.json(), (request, response) => {
  lastId += 1;
  broadcast({ id: lastId, data: request.body as unknown });
  response.json({ ok: true, id: lastId });
});

run({
  server: createServer(app),
  publish: (count, message) => {
    for (let published = 0; published < count; published += 1) {
      lastId += 1;
      broadcast(stampedEvent(lastId, message));
    }
  },
});
