/**
 * `GET /supervisor/events`: the channel as server-sent events (WHATWG HTML §9.2), with an access log.
 * The body is not chunked but ends with the connection, so that all subscribers share the same bytes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '../../../shared/errors.ts';
import { sendError } from '../http/respond.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EventChannel, Sink } from './channel.ts';
import { readFilter } from './filter.ts';
import { retryFrame } from './frames.ts';

export interface SseEndpointOptions {
  /** Null while events are switched off. */
  readonly channel: EventChannel | null;
  readonly allowedOrigins: readonly string[];
  readonly logger: Logger;
}

/** Asked of clients between two tries: local, so soon. */
const reconnectMs = 2_000;

export function createSseEndpoint({ channel, allowedOrigins, logger }: SseEndpointOptions) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { origin } = request.headers;
    if (origin !== undefined && allowedOrigins.includes(origin)) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('vary', 'Origin');
    }
    try {
      if (channel === null) {
        throw new CodedError(
          'events_disabled',
          'Events are switched off: [events] enabled = false.',
        );
      }
      if (request.method === 'OPTIONS') preflight(response);
      else if (request.method === 'HEAD') head(response).end();
      else if (request.method === 'GET') stream(channel, request, response, logger);
      else refuseMethod(response);
    } catch (error) {
      sendError(response, error);
    }
  };
}

function preflight(response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'Last-Event-ID, Cache-Control',
    'access-control-max-age': '600',
  });
  response.end();
}

function refuseMethod(response: ServerResponse): void {
  response.setHeader('allow', 'GET, HEAD, OPTIONS');
  response.writeHead(405).end();
}

function head(response: ServerResponse): ServerResponse {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  return response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
}

function stream(
  channel: EventChannel,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): void {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const filter = readFilter(searchParams);
  const header = request.headers['last-event-id'];
  // Browsers cannot set the header on their first connect, so the query is the second place.
  const lastEventId =
    (typeof header === 'string' ? header : null) ?? searchParams.get('last_event_id');
  const info = {
    address: request.socket.remoteAddress ?? 'unknown',
    userAgent: request.headers['user-agent']?.slice(0, 200) ?? null,
    label: searchParams.get('label')?.slice(0, 100) ?? null,
  };
  const since = performance.now();
  request.socket.setNoDelay(true);
  head(response).write(retryFrame(reconnectMs));
  const subscription = channel.subscribe({ sink: sinkOf(response), filter, info, lastEventId });
  logger.info({ ...info, lastEventId }, 'event subscriber connected');
  response.once('close', () => {
    subscription.close();
    const { sent, lagged } = subscription.status();
    const seconds = Math.round((performance.now() - since) / 1000);
    logger.info({ ...info, seconds, sent, lagged }, 'event subscriber disconnected');
  });
}

function sinkOf(response: ServerResponse): Sink {
  return {
    write: (bytes) => {
      response.write(bytes);
    },
    backlog: () => response.writableLength,
    onDrain: (listener) => {
      response.once('drain', listener);
    },
    end: () => {
      response.end();
    },
  };
}
