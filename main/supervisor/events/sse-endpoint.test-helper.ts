/** For tests: the SSE endpoint alone, on a real port. */
import { onTestFinished } from 'vitest';
import { type Config, defaultConfig } from '../../../shared/config-schema.ts';
import { channelOf } from './channel.test-helper.ts';
import type { EventChannel } from './channel.ts';
import { RawClient, type RawRequest } from './events.test-helper.ts';
import { MemoryLog, type Served, serve } from './room.test-helper.ts';
import { createSseEndpoint } from './sse-endpoint.ts';

export interface Endpoint {
  readonly channel: EventChannel;
  readonly log: MemoryLog;
  readonly served: Served;
  /** Sends a request; the connection is closed at the end of the test. */
  send(request?: RawRequest): Promise<RawClient>;
  /** The same, when the head of a stream has come. */
  subscribe(request?: RawRequest): Promise<RawClient>;
}

export interface EndpointSetup {
  readonly settings?: Partial<Config['events']>;
  readonly channel?: EventChannel;
  readonly isOff?: boolean;
}

/** An endpoint until the end of the test. */
export async function endpoint(setup: EndpointSetup = {}): Promise<Endpoint> {
  const { settings, channel = channelOf({ bufferSize: 256, replayBufferSize: 100 }) } = setup;
  const log = new MemoryLog();
  const handler = createSseEndpoint({
    channel: () => (setup.isOff ? null : channel),
    settings: { ...defaultConfig.events, ...settings },
    logger: log.logger,
  });
  const served = await serve(handler);
  onTestFinished(() => served[Symbol.asyncDispose]());
  const kept = (client: RawClient) => {
    onTestFinished(() => client[Symbol.dispose]());
    return client;
  };
  return {
    channel,
    log,
    served,
    send: async (request) => kept(await RawClient.send(served.port, request)),
    subscribe: async (request) => kept(await RawClient.subscribe(served.port, request)),
  };
}
