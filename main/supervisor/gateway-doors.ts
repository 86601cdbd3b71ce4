/** What the configuration says of the gateway's doors: who may come in, and which paths lead elsewhere. */
import { createHmac } from 'node:crypto';
import { isAddress } from '../../shared/config-proxy.ts';
import type { Config } from '../../shared/config-schema.ts';
import type { ServiceStatus } from '../../shared/status.ts';
import { Access } from './gateway/access.ts';
import { entryOf, type GatewayOptions, type ServedPool } from './gateway/gateway.ts';
import { mainPool } from './gateway/mcp-paths.ts';
import type { ProxyRoute } from './gateway/proxy-routes.ts';
import type { EventsTarget } from './launches.ts';
import type { Logger } from './telemetry/logger.ts';

export interface GatewayDoorsOptions {
  /** What runs now. */
  readonly config: () => Config;
  /** The token of the page and of HTTP control, which opens the gateway, too. */
  readonly token: () => string;
  /** The state of a service; throws `unknown_service` for one that is switched off. */
  readonly statusOf: (service: string) => Pick<ServiceStatus, 'state' | 'port'>;
  /** The MCP pool; null while it is switched off. */
  readonly pool: () => Pick<ServedPool, 'primary' | 'visit'> | null;
  readonly logger: Logger;
}

export type GatewayDoors = Pick<
  GatewayOptions,
  'routes' | 'fallbackOrigin' | 'access' | 'allowedOrigins' | 'failoverWaitMs' | 'affinity'
>;

/** Each answers with what the configuration says at that moment. */
export function gatewayDoors(options: GatewayDoorsOptions): GatewayDoors {
  const { config } = options;
  const access = accessOf(options);
  return {
    fallbackOrigin: () => originOf(options, 'fallback_api'),
    get routes() {
      return routesOf(options);
    },
    get access() {
      return access();
    },
    get allowedOrigins() {
      return config().events.allowed_origins;
    },
    get failoverWaitMs() {
      return config().mcp.pool.failover_wait_ms;
    },
    affinity: {
      get params() {
        return config().mcp.affinity_params;
      },
      get header() {
        return config().mcp.affinity_header ?? null;
      },
    },
  };
}

/** Both in one; the doors stay questions, which a spread would answer once and for all. */
export function withDoors(
  rest: Omit<GatewayOptions, keyof GatewayDoors>,
  doors: GatewayDoors,
): GatewayOptions {
  const all = Object.defineProperties({ ...rest }, Object.getOwnPropertyDescriptors(doors));
  return all as typeof rest & GatewayDoors;
}

function routesOf(options: GatewayDoorsOptions): readonly ProxyRoute[] {
  const { routes } = options.config().proxy;
  return [
    ...routes.map(({ path, target, websocket, strip_prefix }) => ({
      path,
      ...(isAddress(target) ? addressTarget(target) : serviceTarget(options, target)),
      websocket,
      stripPrefix: strip_prefix,
    })),
    {
      path: '/dashboard',
      ...serviceTarget(options, 'dashboard'),
      websocket: true,
      stripPrefix: true,
    },
  ];
}

/** Made anew when the tokens are others: who asks is checked against those of today. */
function accessOf({ config, token, logger }: GatewayDoorsOptions): () => Access | null {
  const now = () => performance.now();
  let of: { readonly auth: Config['auth']; readonly key: string } | null = null;
  let access: Access | null = null;
  return () => {
    const { auth } = config();
    const key = token();
    if (of?.auth === auth && of.key === key) return access;
    of = { auth, key };
    const { gateway, clients } = auth;
    const eventsToken = eventsTokenOf(key);
    access = gateway ? new Access({ apiKey: key, clients, eventsToken, logger, now }) : null;
    return access;
  };
}

/**
 * What our own dashboard subscribes to events with, and can do nothing else with. It follows from the
 * token, so that a dashboard that outlives this run is known to the next; the token does not follow from it.
 */
function eventsTokenOf(token: string): string {
  return createHmac('sha256', token).update('supervisor events').digest('base64url');
}

/** Where the dashboard finds the events, and what it has to show there. */
export function eventsTarget(url: string, auth: Config['auth'], token: string): EventsTarget {
  return { url, token: auth.gateway ? eventsTokenOf(token) : null };
}

type Target = Pick<ProxyRoute, 'origin' | 'refusal' | 'enter'>;

function addressTarget(address: string): Target {
  const { href, origin } = new URL(address);
  const error = `Nobody answers at ${origin} ([[proxy.routes]] target).`;
  return {
    origin: () => href,
    refusal: () => ({ status: 502, body: { ok: false, error, code: 'service_unavailable' } }),
  };
}

function serviceTarget(options: GatewayDoorsOptions, service: string): Target {
  return {
    origin: () => originOf(options, service),
    // As at any other path of the gateway: what leads to the pool starts an instance of one that rests.
    ...(isMainPool(service) && { enter: entryOf(options.pool) }),
    refusal: () => {
      const state = statusOf(options, service)?.state ?? 'disabled';
      const error =
        state === 'ready'
          ? `The service "${service}" is running but did not answer.`
          : `The service "${service}" is not running: it is ${state.replaceAll('_', ' ')}.`;
      return {
        status: 503,
        body: { ok: false, error, code: 'service_unavailable', service, state },
      };
    },
  };
}

function isMainPool(service: string): boolean {
  return service.toLowerCase() === mainPool;
}

/** Where a service listens; null while it is not ready. */
function originOf(options: GatewayDoorsOptions, service: string): string | null {
  if (isMainPool(service)) return options.pool()?.primary?.origin ?? null;
  const status = statusOf(options, service);
  // One that fails its probes may still answer.
  const isUp = status?.state === 'ready' || status?.state === 'unhealthy';
  return isUp && status.port !== null ? `http://127.0.0.1:${status.port}` : null;
}

function statusOf({ statusOf: ask }: GatewayDoorsOptions, service: string) {
  try {
    return ask(service);
  } catch {
    // Switched off: it is none of the services there are.
    return null;
  }
}
