/** For tests: a supervisor's `/supervisor/events` on a real port, told what to send. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gap } from '../../shared/events.ts';

export interface FakeSupervisor extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The headers of each request, in order. */
  readonly requests: readonly IncomingHttpHeaders[];
  /** The streams that are open. */
  readonly streams: ReadonlySet<ServerResponse>;
  /** What the next requests are answered with; 200 opens a stream. */
  status: number;
  /** Sends one stamped event to all streams. */
  emit(id: number, data: Readonly<Record<string, unknown>>): void;
  /** Sends any text to all streams. */
  write(text: string): void;
  gap(gap: Gap): void;
  /** Cuts all connections and frees the port. */
  stop(): Promise<void>;
}

/** Starts one; `port` 0 takes any, the port of an earlier one brings it back to life. */
export async function startFakeSupervisor(port = 0): Promise<FakeSupervisor> {
  const requests: IncomingHttpHeaders[] = [];
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    requests.push(request.headers);
    if (fake.status !== 200) {
      response.writeHead(fake.status, { 'Content-Type': 'application/json' }).end('{}');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(': ready\n\n');
    streams.add(response);
    response.once('close', () => streams.delete(response));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const fake: FakeSupervisor = {
    url: `http://127.0.0.1:${bound}/supervisor/events`,
    port: bound,
    requests,
    streams,
    status: 200,
    emit: (id, data) => fake.write(`id: ${id}\ndata: ${JSON.stringify({ id, data })}\n\n`),
    gap: (gap) => fake.write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`),
    write: (text) => {
      for (const stream of streams) stream.write(text);
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await fake.stop();
    },
  };
  return fake;
}

/** The data of a `step_changed` event as the supervisor tells it. */
export function stepChanged(sourceId: string, stepIndex = 0): Record<string, unknown> {
  return {
    event_type: 'step_changed',
    workspace_id: 'pmws-1',
    plan_id: 'plan_1',
    step_index: stepIndex,
    timestamp: '2026-11-22T12:00:00.000Z',
    source: 'webhook:mcp:3460',
    source_id: sourceId,
    source_type: 'step_updated',
  };
}
