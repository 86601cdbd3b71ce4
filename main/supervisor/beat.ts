/** What the heartbeat tells, in the words of the old system. */
import type { Config } from '../../shared/config-schema.ts';
import type { Beat } from '../../shared/heartbeat.ts';
import type { Fleet } from './fleet.ts';

/** The gateway and its pool as of now. */
export function beatOf({ pool }: Fleet, config: Config, gatewayPort: number): Beat {
  const up = pool?.instances.filter((instance) => instance.isUp) ?? [];
  return {
    timestamp_ms: Date.now(),
    mcp_proxy_port: gatewayPort,
    pool_base_port: pool?.primary?.service.port ?? config.mcp.pool.base_port,
    pool_instances: up.length,
    mcp_healthy: up.length > 0 || pool?.isResting === true,
  };
}
