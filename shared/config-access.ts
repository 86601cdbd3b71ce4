/** The sections of `supervisor.toml` about the status page and about who may do what. */
import { z } from 'zod';
import { flag, port } from './config-fields.ts';

const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/**
 * All addresses of the machine, and the one of them that the page takes: the old supervisor had the first
 * as its default, so files have it, and they must go on working.
 */
const everywhere: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** Where the page listens: on this machine only, also where the file says all addresses. */
export function pageAddress(bindAddress: string): string {
  return everywhere.get(bindAddress) ?? bindAddress;
}

export const guiServer = z
  .object({
    enabled: flag(true, 'Serves the status page and control requests over HTTP.'),
    port: port(3464, 'Port of the status page.'),
    bind_address: z
      .string()
      .refine((address) => loopback.includes(pageAddress(address)), {
        error: ({ input }) =>
          `the page serves only this machine: expected "127.0.0.1", "::1" or "localhost", found ${JSON.stringify(input)}`,
      })
      .default('127.0.0.1')
      .meta({ description: 'Address of this machine: "127.0.0.1", "::1" or "localhost".' }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The status page and the HTTP door of the control protocol.' });

/** Fits into a header, and cannot be guessed. */
const secret = z
  .string()
  .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 or more ASCII characters without spaces');

const client = z
  .object({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'may contain letters, digits, "-", "_" and "."')
      .refine((name) => name !== 'api_key', 'must not be "api_key"')
      .meta({ description: 'Name of the client, as it is shown.', examples: ['laptop-agent'] }),
    token: secret.meta({
      description: 'Its token; the client sends it as "Authorization: Bearer <token>".',
      isSecret: true,
      examples: ['its own secret'],
    }),
  })
  .readonly();

const clients = z.array(client).default([]).readonly().meta({
  description:
    'A client with a token of its own for the gateway; write one such block for each. It opens nothing but the gateway.',
});

export const auth = z
  .object({
    api_key: secret.optional().meta({
      description:
        'Token for the status page and for control over HTTP; when absent, one is made and kept in a file that only you can read.',
      isSecret: true,
      // Not valid on purpose: nobody shall run with a key that everybody knows.
      examples: ['your own secret'],
    }),
    gateway: flag(
      false,
      'Asks clients of the gateway for a token, too: that of the status page or one of [[auth.clients]]. Only /health and signed events are free. The token is never passed on to a server.',
    ),
    control_tcp_token: flag(
      false,
      'Asks for the token for everything over TCP: the first line must be {"type":"Authenticate","token":"…"}. Without this, only requests that read or write the configuration file need it.',
    ),
    clients,
  })
  .readonly()
  .prefault({})
  .meta({
    description: 'Who may use the status page, control over HTTP and TCP, and the gateway.',
  });
