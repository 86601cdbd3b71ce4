/**
 * For tests: a small MCP server with state of its own, over Streamable HTTP on the port that it is given,
 * over stdio without one. `whoami` tells its process and its name (its second argument); `grow` takes memory.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

const [, , port, name = 'tools'] = process.argv;
const kept: Buffer[] = [];

type Transport = Parameters<McpServer['connect']>[0];

function structured(content: Record<string, unknown>) {
  return {
    content: [{ type: 'text' as const, text: JSON.stringify(content) }],
    structuredContent: content,
  };
}

function toolServer(): McpServer {
  const server = new McpServer({ name, version: '1.0.0' });
  server.registerTool(
    'whoami',
    { description: 'Tells who answers', annotations: { readOnlyHint: true } },
    () => structured({ pid: process.pid, name }),
  );
  server.registerTool(
    'grow',
    { description: 'Takes memory', inputSchema: { mb: z.number() } },
    ({ mb }) => {
      // Filled, or the system would not give the pages out.
      kept.push(Buffer.alloc(mb * 1_048_576, 1));
      return structured({ pid: process.pid, kept: kept.length });
    },
  );
  return server;
}

const sessions = new Map<string, StreamableHTTPServerTransport>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url?.split('?', 1)[0] !== '/mcp') {
    response.writeHead(404).end();
    return;
  }
  const id = request.headers['mcp-session-id'];
  const known = typeof id === 'string' ? sessions.get(id) : undefined;
  const body = request.method === 'POST' ? await json(request) : undefined;
  if (id !== undefined && known === undefined) {
    response.writeHead(404).end();
    return;
  }
  const transport = known ?? (await opened());
  await transport.handleRequest(request, response, body);
}

async function opened(): Promise<StreamableHTTPServerTransport> {
  const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  // SDK v1's types do not know exactOptionalPropertyTypes.
  await toolServer().connect(transport as Transport);
  return transport;
}

if (port === undefined || port === 'stdio') {
  await toolServer().connect(new StdioServerTransport());
} else {
  createServer((request, response) => void answer(request, response)).listen(
    Number(port),
    '127.0.0.1',
  );
}
