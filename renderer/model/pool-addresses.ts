/** Where pools are found: not where one of their instances listens, but where the gateway takes calls for all. */
import type { ServiceStatus, StatusSnapshot } from '../../shared/status.ts';

/** The snapshot with the address that clients use in place of an instance's port and process. */
export function withPoolAddresses(snapshot: StatusSnapshot): StatusSnapshot {
  const { mcpUrl } = snapshot;
  const services = snapshot.services.map(
    (service): ServiceStatus =>
      service.kind === 'mcp_pool'
        ? { ...service, url: addressOf(service.name, mcpUrl), port: null, pid: null }
        : service,
  );
  return { ...snapshot, services };
}

/** The main pool is at `/mcp`, one of a `[[servers]]` block at `/servers/NAME/mcp`. */
function addressOf(pool: string, mcpUrl: string | null): string | null {
  if (mcpUrl === null || pool === 'mcp') return mcpUrl;
  return new URL(`/servers/${encodeURIComponent(pool)}/mcp`, mcpUrl).href;
}
