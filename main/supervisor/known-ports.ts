/** The ports of the services, as `ports.json` tells them: those they have, or else those they will have. */
import type { Config } from '../../shared/config-schema.ts';
import type { PortsFile } from './config/ports-file.ts';
import type { Fleet } from './fleet.ts';

type ServicePorts = Pick<
  PortsFile['services'],
  'mcp_pool_base' | 'interactive_terminal' | 'dashboard' | 'fallback_api'
>;

/** What of it is not about services. */
export interface DoorPorts {
  readonly gateway: number;
  readonly controlTcp: number | null;
  readonly controlSocket: string | null;
  readonly pageUrl: string | null;
}

/** The whole of `ports.json` as of now. */
export function portsFile(fleet: Fleet, config: Config, doors: DoorPorts): PortsFile {
  const { pageUrl } = doors;
  return {
    schema_version: 1,
    written_at_unix: Math.floor(Date.now() / 1000),
    supervisor_pid: process.pid,
    services: {
      mcp_proxy: doors.gateway,
      ...servicePorts(fleet, config),
      gui_server: pageUrl === null ? null : Number(new URL(pageUrl).port),
      control_tcp: doors.controlTcp,
    },
    custom_services: serverPorts(fleet, config),
    control_socket: doors.controlSocket,
    page_url: pageUrl,
  };
}

/** Null for what is switched off, or has no port: the built-in terminal is part of the status page. */
function servicePorts(fleet: Fleet, config: Config): ServicePorts {
  const { pool, dashboard, fallbackApi, terminal } = fleet;
  const { interactive_terminal, fallback_api } = config;
  const hasTerminalPort = terminal !== null && interactive_terminal.command !== undefined;
  return {
    mcp_pool_base: pool && (pool.primary?.service.port ?? config.mcp.pool.base_port),
    interactive_terminal: hasTerminalPort
      ? (terminal.status().port ?? interactive_terminal.port)
      : null,
    dashboard: dashboard && (dashboard.port ?? config.dashboard.port),
    fallback_api: fallbackApi && (fallbackApi.port ?? fallback_api.port),
  };
}

/** The ports of the user's own services, by name. */
function serverPorts(fleet: Fleet, config: Config): Readonly<Record<string, number>> {
  return Object.fromEntries(
    config.servers.flatMap(({ enabled, name, port: fixed }) => {
      const port = fixed ?? fleet.pools.get(name.toLowerCase())?.primary?.service.port;
      return enabled && typeof port === 'number' ? [[name, port] as const] : [];
    }),
  );
}
