/**
 * How each service is started: its command, its environment, what makes it ready. Where the
 * configuration names no program, the bundled one runs under the project's own Node.
 */
import { resolve } from 'node:path';
import type { Config, ServerConfig } from '../../shared/config-schema.ts';
import { mcpTransport } from '../../shared/config-services.ts';
import type { ContainerCommand } from './services/container.ts';
import type { Probe } from './services/probes.ts';
import { readinessOf } from './services/readiness.ts';
import type { Launch } from './services/service.ts';

/** Where the bundled programs are. */
export interface BundledPrograms {
  /** The Node that runs them. */
  readonly node: string;
  readonly memoryServer: string;
  readonly dashboard: string;
  /** Serves an MCP server that speaks over its standard input and output over HTTP. */
  readonly stdioBridge: string;
  /** The script of the event journal's thread. */
  readonly journalThread: string;
}

export interface LaunchContext {
  readonly config: Config;
  readonly bundled: BundledPrograms;
  readonly dataDir: string;
  /** The supervisor's own environment, which services inherit. */
  readonly env: NodeJS.ProcessEnv;
  /** Turns a `working_dir` of the file into an absolute folder. */
  readonly folder: (workingDir: string) => string;
}

/** Where the dashboard subscribes to events, and its token; null while nobody asks for one. */
export interface EventsTarget {
  readonly url: string;
  readonly token: string | null;
}

/** Where an instance sends its events, and how it signs them. */
export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}

interface Program {
  readonly command?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly working_dir?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/** Flags of the configured arguments that the pool sets itself. */
const transportFlags = new Set(['--transport', '--port']);

export function mcpInstanceLaunch(
  context: LaunchContext,
  name: string,
  port: number,
  webhook: WebhookTarget | null,
): Launch {
  const { config, bundled } = context;
  const program = config.mcp.node;
  const isBundled = program.command === undefined;
  return {
    command: program.command ?? bundled.node,
    args: isBundled
      ? [bundled.memoryServer, ...transportArgs(port)]
      : instanceArgs(program.args ?? [], program.env, port),
    workingDir: workingDirOf(context, program),
    env: {
      ...context.env,
      ...(isBundled && { PM_DATA_ROOT: context.dataDir }),
      ...webhookVariables(name, webhook),
      ...withPort(program.env, port),
      // As with the flags: one port for all instances cannot be meant.
      MCP_TRANSPORT: 'streamable-http',
      MCP_PORT: String(port),
    },
    port,
    url: null,
    readiness: mcpReadiness(port),
  };
}

/** One instance of an MCP server of `[[servers]]`; one that speaks stdio stands behind the bundled bridge. */
export function serverInstanceLaunch(
  context: LaunchContext,
  server: ServerConfig,
  name: string,
  port: number,
  webhook: WebhookTarget | null,
): Launch {
  const { bundled, env } = context;
  const args = server.args.map((arg) => fillPort(arg, port));
  const bridge = [
    bundled.stdioBridge,
    '--port',
    String(port),
    '--idle-child-minutes',
    String(bridgeIdleMinutes(server.session_idle_minutes)),
    ...(server.shared ? ['--shared'] : []),
  ];
  const isBridged = mcpTransport(server) === 'stdio';
  return {
    command: isBridged ? bundled.node : server.command,
    args: isBridged ? [...bridge, '--', server.command, ...args] : args,
    workingDir: workingDirOf(context, server),
    env: { ...env, ...webhookVariables(name, webhook), ...withPort(server.env, port) },
    port,
    url: null,
    // Of a bridge it is known how it tells that it is ready.
    ...readinessOf(isBridged ? {} : server, port, mcpReadiness(port)),
  };
}

/** The gateway ends idle sessions; the bridge would only end, later, what the gateway forgot. */
function bridgeIdleMinutes(sessionIdleMinutes: number): number {
  return sessionIdleMinutes === 0 ? neverInMinutes : sessionIdleMinutes + 5;
}

/** The longest that the bridge accepts: ten years. */
const neverInMinutes = 10 * 365 * 24 * 60;

/** `/health` is the old system's; other MCP servers do not have it. */
function mcpReadiness(port: number): Probe {
  return { kind: 'http', url: `http://127.0.0.1:${port}/health`, pathMayBeMissing: true };
}

function webhookVariables(name: string, webhook: WebhookTarget | null): Record<string, string> {
  if (webhook === null) return {};
  return {
    PM_WEBHOOK_ENABLED: '1',
    PM_WEBHOOK_URL: `${webhook.url}?source=${encodeURIComponent(name)}`,
    PM_WEBHOOK_SECRET: webhook.secret,
  };
}

/** An instance in a container, reached at the host port that was published for it. */
export function containerInstanceLaunch(command: ContainerCommand, port: number): Launch {
  // Without the webhook: from inside a container the gateway, on our loopback, is out of reach.
  return { ...command, port, url: null, readiness: mcpReadiness(port) };
}

export function dashboardLaunch(
  context: LaunchContext,
  port: number,
  events: EventsTarget | null,
): Launch {
  const { config, bundled } = context;
  const program = config.dashboard;
  const isBundled = program.command === undefined;
  const url = `http://127.0.0.1:${port}/`;
  return {
    command: program.command ?? bundled.node,
    args: isBundled ? [bundled.dashboard] : (program.args ?? []),
    workingDir: workingDirOf(context, program),
    env: {
      ...context.env,
      ...(isBundled && { PM_DATA_ROOT: context.dataDir }),
      ...(events && { SUPERVISOR_EVENTS_URL: events.url }),
      ...(events?.token && { SUPERVISOR_EVENTS_TOKEN: events.token }),
      ...program.env,
      PORT: String(port),
    },
    port,
    url,
    // Old dashboards may have no health route but do listen; a port is what both have.
    ...readinessOf(
      program,
      port,
      isBundled ? { kind: 'http', url: `${url}api/health` } : { kind: 'tcp', port },
    ),
  };
}

export function fallbackApiLaunch(context: LaunchContext, port: number): Launch {
  const program = context.config.fallback_api;
  return {
    command: program.command ?? 'node',
    args: program.args,
    workingDir: workingDirOf(context, program),
    env: {
      ...context.env,
      FALLBACK_API_HOST: '127.0.0.1',
      ...program.env,
      FALLBACK_API_PORT: String(port),
    },
    port,
    url: null,
    ...readinessOf(program, port, {
      kind: 'http',
      url: `http://127.0.0.1:${port}/health`,
      // Any REST API will do; only the old system's is known to have this path.
      pathMayBeMissing: true,
    }),
  };
}

export function serverLaunch(context: LaunchContext, server: ServerConfig): Launch {
  const port = server.port ?? null;
  return {
    command: server.command,
    args: server.args,
    workingDir: workingDirOf(context, server),
    env: { ...context.env, ...server.env },
    port,
    url: port === null ? null : `http://127.0.0.1:${port}/`,
    ...readinessOf(server, port, port === null ? null : { kind: 'tcp', port }),
  };
}

function workingDirOf(context: LaunchContext, program: Program): string | undefined {
  return program.working_dir === undefined
    ? undefined
    : resolve(context.folder(program.working_dir));
}

/** Stands for the instance's port in arguments and environment. */
const portPlaceholder = '{port}';

/**
 * The arguments of a configured MCP server. Where the port is asked for by its placeholder, in an
 * argument or a variable, they are meant as they are; else the flags of the old system are added.
 */
function instanceArgs(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  port: number,
): readonly string[] {
  const asksForPort = [...args, ...Object.values(env)].some((text) =>
    text.includes(portPlaceholder),
  );
  if (asksForPort) return args.map((arg) => fillPort(arg, port));
  return [...withoutFlags(args), ...transportArgs(port)];
}

function transportArgs(port: number): readonly string[] {
  return ['--transport', 'streamable-http', '--port', String(port)];
}

function withPort(env: Readonly<Record<string, string>>, port: number): Record<string, string> {
  const entries = Object.entries(env);
  return Object.fromEntries(entries.map(([name, value]) => [name, fillPort(value, port)]));
}

function fillPort(text: string, port: number): string {
  return text.replaceAll(portPlaceholder, String(port));
}

/** Leaves out `--port N` and `--port=N` (and `--transport`): each instance has its own. */
function withoutFlags(args: readonly string[]): readonly string[] {
  return args.filter((arg, index) => {
    const isFlag = transportFlags.has(arg.split('=')[0] ?? '');
    return !isFlag && !transportFlags.has(args[index - 1] ?? '');
  });
}
