/**
 * For tests: an MCP server that takes its port as an argument and streams its own events at `/events`,
 * told to by `POST /emit`. It has no health route.
 */
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

const streams = new Set<ServerResponse>();

const server = createServer((request, response) => {
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': welcome\n\n');
    streams.add(response);
    response.once('close', () => streams.delete(response));
  } else if (request.url === '/emit') {
    void text(request).then((json) => {
      for (const stream of streams) stream.write(`data: ${json}\n\n`);
      response.end();
    });
  } else {
    response.writeHead(404).end();
  }
});
server.listen(Number(process.argv[2]), '127.0.0.1');
