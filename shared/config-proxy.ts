/** The `[proxy]` section of `supervisor.toml`: paths of the gateway that lead to other programs. */
import { z } from 'zod';
import { filledText, flag } from './config-fields.ts';

/** Paths of the gateway itself. No route may take them, or anything below them. */
export const gatewayPaths: readonly string[] = [
  '/mcp',
  '/sse',
  '/messages',
  '/servers',
  '/dashboard',
  '/health',
  '/api/health',
  '/api/fallback',
  '/metrics',
  '/supervisor',
  '/admin',
];

/** Whether a path is a prefix itself or lies below it, in whole segments: `/app` covers `/app/x`, not `/apple`. */
export function isCovered(path: string, prefix: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}

/** Whether a target is an address and not the name of a service. */
export function isAddress(target: string): boolean {
  return target.includes('://');
}

const route = z
  .object({
    path: z
      .string()
      .regex(
        /^\/(?:[^\s?#/]+(?:\/[^\s?#/]+)*)?$/,
        'must be a path such as "/search", without a slash at its end',
      )
      .refine((path) => !gatewayPaths.some((own) => isCovered(path.toLowerCase(), own)), {
        error: ({ input }) =>
          `the gateway serves ${JSON.stringify(input)} itself; choose another path`,
      })
      .meta({
        description:
          'Requests to this path and to all below it take the route; of several routes the longest path decides.',
        examples: ['/search'],
      }),
    target: filledText
      .refine((target) => !isAddress(target) || isPlainAddress(target), {
        error:
          'must be the name of a service, or an http or https address without user, query and fragment',
      })
      .meta({
        description:
          'Where they go: the name of a service that has a port (dashboard, fallback_api, mcp for the first MCP instance, or one of [[servers]]), or an address.',
        examples: ['http://127.0.0.1:8080'],
      }),
    websocket: flag(false, 'Passes WebSocket connections on, too.'),
    strip_prefix: flag(
      false,
      'Leaves the path of the route out of what the target is asked for; X-Forwarded-Prefix tells it.',
    ),
  })
  .readonly();

function isPlainAddress(target: string): boolean {
  if (!URL.canParse(target)) return false;
  const { protocol, username, password, search, hash } = new URL(target);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

const routes = z.array(route).default([]).readonly().meta({
  description:
    'A path of the gateway that leads to another program; write one such block for each.',
});

export const proxy = z
  .object({ routes })
  .readonly()
  .prefault({})
  .meta({ description: 'What else the gateway passes requests on to.' });
