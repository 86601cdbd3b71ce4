/** The sections of `supervisor.toml` about the status page and about who may do what. */
import { z } from 'zod';
import { flag, port } from './config-fields.ts';

const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

export const guiServer = z
  .object({
    enabled: flag(true, 'Serves the status page and control requests over HTTP.'),
    port: port(3464, 'Port of the status page.'),
    bind_address: z
      .string()
      .refine((address) => loopback.includes(address), {
        error: ({ input }) =>
          `the page serves only this machine: expected "127.0.0.1", "::1" or "localhost", found ${JSON.stringify(input)}`,
      })
      .default('127.0.0.1')
      .meta({ description: 'Address of this machine: "127.0.0.1", "::1" or "localhost".' }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The status page and the HTTP door of the control protocol.' });

export const auth = z
  .object({
    api_key: z
      .string()
      .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 or more ASCII characters without spaces')
      .optional()
      .meta({
        description:
          'Token for the status page and for control over HTTP; when absent, one is made and kept in a file that only you can read.',
        isSecret: true,
        // Not valid on purpose: nobody shall run with a key that everybody knows.
        examples: ['your own secret'],
      }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'Who may use the status page and control over HTTP.' });
