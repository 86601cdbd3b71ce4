/** The sections of `supervisor.toml` about supervised processes: how they live, and which there are. */
import { z } from 'zod';
import {
  completeProgram,
  decimal,
  filledText,
  flag,
  lifeFields,
  list,
  optionalList,
  optionalText,
  port,
  programFields,
  wholeNumber,
} from './config-fields.ts';
import { serverName } from './config-names.ts';

export const reconnect = z
  .object({
    initial_delay_ms: wholeNumber({
      description: 'Wait before the second try; the first one follows at once.',
      fallback: 500,
      min: 10,
      max: 600_000,
      unit: 'milliseconds',
    }),
    max_delay_ms: wholeNumber({
      description: 'The longest wait between two tries.',
      fallback: 30_000,
      min: 10,
      max: 3_600_000,
      unit: 'milliseconds',
    }),
    multiplier: decimal({
      description: 'Each wait is this many times the one before.',
      fallback: 2,
      min: 1,
      max: 10,
    }),
    max_attempts: wholeNumber({
      description: 'Give up after so many tries in a row; 0: never.',
      fallback: 0,
      min: 0,
      max: 1_000_000,
      unit: 'attempts',
    }),
    jitter_ratio: decimal({
      description: 'Each wait varies by up to this part of itself, so that not all try at once.',
      fallback: 0.2,
      min: 0,
      max: 1,
    }),
    cooldown_after_attempts: wholeNumber({
      description: 'After so many tries in a row, pause for cooldown_child_local_ms; 0: no pause.',
      fallback: 0,
      min: 0,
      max: 1_000_000,
      unit: 'attempts',
    }),
    cooldown_child_local_ms: wholeNumber({
      description: 'Length of that pause, for the one service.',
      fallback: 0,
      min: 0,
      max: 86_400_000,
      unit: 'milliseconds',
    }),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'How long to wait before a service that ended is started again.' });

export const dashboard = z
  .object({
    enabled: flag(true, 'Runs the dashboard.'),
    port: port(3459, 'Port of the dashboard; it is passed to the process as PORT.'),
    requires_mcp: flag(
      true,
      'Waits with the dashboard until the MCP pool is ready. Without effect while the pool is off.',
    ),
    command: optionalText(
      'Program of the dashboard. When command, args and working_dir are all absent, the bundled dashboard runs; when only this is absent, "node".',
      'node',
    ),
    args: optionalList(
      'Arguments of the command. When another of the three is given and this is absent: ["dist/dashboard.js"].',
      ['dist/dashboard.js'],
    ),
    ...programFields,
    ...lifeFields,
  })
  .overwrite((section) => completeProgram(section, ['dist/dashboard.js']))
  .readonly()
  .prefault({})
  .meta({ description: 'The dashboard, a web application that shows the data.' });

const server = z
  .object({
    name: serverName,
    command: filledText.meta({ description: 'Program to run.', examples: ['node'] }),
    args: list('Arguments of the command.', ['server.js']),
    ...programFields,
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .meta({
        description: 'The port on which it listens; it counts as ready when the port answers.',
        examples: [8080],
      }),
    enabled: flag(true, 'Runs the service.'),
    ...lifeFields,
  })
  .readonly();

export const servers = z.array(server).default([]).readonly().meta({
  description:
    'A service of your own; write one such block for each, its [[servers]] line included.',
});

export const fallbackApi = z
  .object({
    enabled: flag(
      false,
      'Runs a REST API of your own behind /api/fallback/ of the gateway; needs a command. (In the old supervisor the default was true, for a program that came with it.)',
    ),
    port: port(3465, 'Port of the API; it is passed to the process as FALLBACK_API_PORT.'),
    command: optionalText('Program of the API.', 'node'),
    args: list('Arguments of the command.', ['dist/fallback-rest-main.js']),
    ...programFields,
    ...lifeFields,
  })
  .readonly()
  .prefault({})
  .meta({ description: 'An optional REST API that the gateway passes requests on to.' });

export const runtimeOutput = z
  .object({
    enabled: flag(true, 'Keeps what the services print, so that it can be looked at.'),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The output of the services.' });
