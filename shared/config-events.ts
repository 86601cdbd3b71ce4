/** The `[events]` section of `supervisor.toml`. */
import { z } from 'zod';
import { filledText, flag, isOrigin, wholeNumber } from './config-fields.ts';
import { serverName } from './config-names.ts';

const hasNoCredentials = (address: string) =>
  !URL.canParse(address) || new URL(address).username + new URL(address).password === '';

const eventSource = z
  .object({
    name: serverName.meta({ description: 'Name of the source.', examples: ['search-index'] }),
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      // Where the address is shown, they would be too; and no HTTP client of today sends them.
      .refine(hasNoCredentials, {
        error: ({ input }) =>
          `must not hold a name or password (headers can), found some for ${new URL(String(input)).host}`,
      })
      .meta({
        description: 'Address of the stream of server-sent events.',
        examples: ['http://127.0.0.1:8080/events'],
      }),
    headers: z
      .record(
        z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name'),
        filledText,
      )
      .default({})
      .readonly()
      .meta({
        description: 'Headers to send, for example a token.',
        isSecret: true,
        examples: [{ Authorization: 'Bearer …' }],
      }),
  })
  .readonly();

const eventSources = z.array(eventSource).default([]).readonly().meta({
  description:
    'A stream of another program whose events are let in; write one such block for each.',
});

export const events = z
  .object({
    enabled: flag(true, 'Offers data-change events at /supervisor/events of the gateway.'),
    buffer_size: wholeNumber({
      description: 'Events by which a slow subscriber may lag behind before it has to skip some.',
      fallback: 256,
      min: 16,
      max: 65_536,
      unit: 'events',
    }),
    heartbeat_interval: wholeNumber({
      description: 'Silence after which a comment is sent, so that connections stay open.',
      fallback: 30,
      min: 1,
      max: 3_600,
      unit: 'seconds',
    }),
    replay_buffer_size: wholeNumber({
      description: 'Events kept in memory for subscribers that come back with a Last-Event-ID.',
      fallback: 100,
      min: 0,
      max: 100_000,
      unit: 'events',
    }),
    allowed_origins: z
      .array(z.string().refine(isOrigin, 'must be an origin such as "http://localhost:5173"'))
      .default([])
      .readonly()
      .meta({
        description:
          'Web pages of these origins may use the gateway (CORS): read the events, and call MCP.',
        examples: [['http://localhost:5173']],
      }),
    journal: flag(true, 'Keeps events on disk too, so that a Last-Event-ID works after a restart.'),
    journal_max_events: wholeNumber({
      description: 'Events kept on disk; older ones are deleted.',
      fallback: 100_000,
      min: 100,
      max: 10_000_000,
      unit: 'events',
    }),
    journal_max_age_hours: wholeNumber({
      description: 'Age at which events on disk are deleted.',
      fallback: 168,
      min: 1,
      max: 87_600,
      unit: 'hours',
    }),
    max_subscribers: wholeNumber({
      description: 'The most subscribers at the same time; further ones are told to try later.',
      fallback: 1_000,
      min: 1,
      max: 100_000,
      unit: 'subscribers',
    }),
    max_event_bytes: wholeNumber({
      description: 'The largest event; a larger one is refused.',
      fallback: 131_072,
      min: 1_024,
      max: 4_194_304,
      unit: 'bytes',
    }),
    trusted_proxies: z
      .array(z.union([z.ipv4(), z.ipv6()]))
      .default([])
      .readonly()
      .meta({
        description: 'Addresses of proxies whose X-Forwarded-For is believed in the access log.',
        examples: [['127.0.0.1']],
      }),
    sources: eventSources,
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The event channel.' });
