/** A contestant: what most people write, http-proxy-middleware on express. `server-middleware.ts TARGET` */
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const app = express();
app.disable('x-powered-by');
app.use(
  createProxyMiddleware({
    target: process.argv[2] ?? '',
    changeOrigin: true,
    agent: new Agent({ keepAlive: true }),
    on: {
      // Without it the head of an idle stream waits for its first event, and the client for the head.
      proxyRes: (_answer, _request, response) => queueMicrotask(() => response.flushHeaders()),
    },
  }),
);
const server = createServer(app);
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
// The end of standard input is the end of the process: nothing outlives a benchmark that was killed.
process.stdin.resume().on('end', () => process.exit());
