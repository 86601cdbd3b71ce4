/**
 * `GET /supervisor/events`: the channel as server-sent events (WHATWG HTML §9.2), with an access log.
 * The body is not chunked but ends with the connection, so that all subscribers share the same bytes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../../../shared/config-schema.ts';
import { CodedError } from '../../../shared/errors.ts';
import { sendError } from '../http/respond.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EventChannel } from './channel.ts';
import { readFilter } from './filter.ts';
import { retryFrame } from './frames.ts';
import { peerAddress } from './peer-address.ts';
import type { Sink } from './subscriber.ts';

export interface SseEndpointOptions {
  /** Null while events are switched off. */
  readonly channel: () => EventChannel | null;
  /** Looked up at each request. */
  readonly settings: Pick<
    Config['events'],
    'allowed_origins' | 'max_subscribers' | 'trusted_proxies'
  >;
  readonly logger: Logger;
}

/** Asked of clients between two tries: local, so soon. */
const reconnectMs = 2_000;

/** Asked of one that found no room, in seconds. */
const retryAfterSeconds = 5;

export function createSseEndpoint({
  channel: currentChannel,
  settings,
  logger,
}: SseEndpointOptions) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    allowOrigin(request, response);
    try {
      const channel = currentChannel();
      if (channel === null) {
        throw new CodedError(
          'events_disabled',
          'Events are switched off: [events] enabled = false.',
        );
      }
      answer(channel, request, response);
    } catch (error) {
      sendError(response, error);
    }
  };

  function answer(channel: EventChannel, request: IncomingMessage, response: ServerResponse): void {
    const method: string = request.method ?? 'GET';
    switch (method) {
      case 'OPTIONS':
        preflight(response);
        return;
      case 'HEAD':
        head(response).end();
        return;
      case 'GET':
        checkAccept(request);
        checkRoom(channel, response);
        stream(channel, request, response);
        return;
      default:
        response.setHeader('allow', 'GET, HEAD, OPTIONS');
        response.writeHead(405).end();
    }
  }

  function allowOrigin({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
    response.setHeader('vary', 'Origin');
    if (origin === undefined || !settings.allowed_origins.includes(origin)) return;
    response.setHeader('access-control-allow-origin', origin);
  }

  function checkRoom(channel: EventChannel, response: ServerResponse): void {
    if (channel.subscriberCount < settings.max_subscribers) return;
    response.setHeader('retry-after', String(retryAfterSeconds));
    throw new CodedError(
      'too_many_subscribers',
      `There are ${settings.max_subscribers} subscribers already ([events] max_subscribers).`,
    );
  }

  function stream(channel: EventChannel, request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const filter = readFilter(searchParams);
    const header = request.headers['last-event-id'];
    // Browsers cannot set the header on their first connect, so the query is the second place.
    const lastEventId =
      (typeof header === 'string' ? header : null) ?? searchParams.get('last_event_id');
    const info = {
      address: peerAddress(request, settings.trusted_proxies),
      userAgent: request.headers['user-agent']?.slice(0, 200) ?? null,
      label: searchParams.get('label')?.slice(0, 100) ?? null,
    };
    const { socket } = request;
    const since = performance.now();
    socket.setNoDelay(true);
    head(response).flushHeaders();
    socket.write(retryFrame(reconnectMs));
    const subscription = channel.subscribe({ sink: sinkOf(socket), filter, info, lastEventId });
    logger.info({ ...info, lastEventId }, 'event subscriber connected');
    response.once('close', () => {
      subscription.close();
      const { sent, lagged } = subscription.status();
      const seconds = Math.round((performance.now() - since) / 1000);
      logger.info({ ...info, seconds, sent, lagged }, 'event subscriber disconnected');
    });
  }
}

function preflight(response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'Last-Event-ID, Cache-Control',
    'access-control-max-age': '600',
  });
  response.end();
}

/** A client that says it cannot read this is told at once, instead of getting what it cannot read. */
function checkAccept({ headers: { accept } }: IncomingMessage): void {
  if (accept === undefined || /text\/event-stream|text\/\*|\*\/\*/i.test(accept)) return;
  throw new CodedError('not_acceptable', 'This address answers text/event-stream only.');
}

/** The head of a stream that ends with its connection. */
function head(response: ServerResponse): ServerResponse {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  return response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
}

/** After the head the bytes go to the socket itself: nothing is left for the HTTP layer to add. */
function sinkOf(socket: Socket): Sink {
  return {
    write: (bytes) => {
      socket.write(bytes);
    },
    backlog: () => socket.writableLength,
    onDrain: (listener) => {
      socket.once('drain', listener);
    },
    end: () => {
      socket.end();
    },
  };
}
