/**
 * What `/supervisor/heartbeat` says every ten seconds, and at once when something of it changes. The names
 * are those of the old system, whose clients read them.
 */
export interface Beat {
  readonly timestamp_ms: number;
  readonly mcp_proxy_port: number;
  readonly pool_base_port: number;
  readonly pool_instances: number;
  readonly mcp_healthy: boolean;
}
