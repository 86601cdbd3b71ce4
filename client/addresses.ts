/**
 * Where a supervisor may be: its user-only socket or pipe first, then TCP. The socket is a matter of user
 * and configuration alone; `ports.json` beside the configuration names the rest. Whoever asks one
 * supervisor to stop must never reach another: who answers on a port has to say that it is the one.
 */
import { lstat, readFile } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { configPath } from '../main/supervisor/config/config-path.ts';
import { type RuntimeMachine, runtimeFile } from '../main/supervisor/config/control-address.ts';

export type Address =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly port: number; readonly owner: Owner };

/**
 * Who must answer on a port, which any program and user of the machine can have: the process that wrote
 * `ports.json`, or a supervisor that runs with this configuration; `any` where the caller named the port.
 */
export type Owner = { readonly pid: number } | { readonly configPath: string } | 'any';

/** The port and pipe that a supervisor has unless its configuration says otherwise. */
const standardTcpPort = 45_470;
const standardPipe = '\\\\.\\pipe\\project-memory-supervisor';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Whereabouts {
  /** The configuration of the supervisor that is meant, absolute. */
  readonly configPath: string;
  /** The best one first. */
  readonly addresses: readonly Address[];
}

/** This machine and user, as the supervisor itself sees them. */
export function thisMachine(env: Environment): RuntimeMachine {
  return {
    env,
    platform: process.platform,
    homedir: homedir(),
    tmpdir: tmpdir(),
    uid: userInfo().uid,
  };
}

/** @param option the configuration; null: that of `PM_SUPERVISOR_CONFIG`, else the standard one */
export async function findAddresses(option: string | null, env: Environment): Promise<Whereabouts> {
  const machine = thisMachine(env);
  const path = configPath({ ...machine, option, cwd: process.cwd() });
  const { PM_SUPERVISOR_CONFIG: _chosen, ...rest } = env;
  const isStandard = path === configPath({ ...machine, env: rest, option: null, cwd: '/' });
  const ports = await readPorts(path);
  const sockets = new Set<string>();
  if (machine.platform !== 'win32') sockets.add(runtimeFile('sock', path, machine));
  if (ports.socket !== null) sockets.add(ports.socket);
  if (machine.platform === 'win32' && isStandard) sockets.add(standardPipe);
  const addresses: Address[] = [];
  for (const socket of sockets) {
    if (await isOurs(socket)) addresses.push({ kind: 'socket', path: socket });
  }
  if (ports.tcp !== null && ports.pid !== null) {
    addresses.push({ kind: 'tcp', port: ports.tcp, owner: { pid: ports.pid } });
  }
  if (isStandard) {
    addresses.push({ kind: 'tcp', port: standardTcpPort, owner: { configPath: path } });
  }
  return { configPath: path, addresses };
}

/** In a shared temporary folder somebody else may listen in the supervisor's place. */
async function isOurs(path: string): Promise<boolean> {
  if (process.platform === 'win32') return true;
  const facts = await lstat(path).catch(() => null);
  return facts?.uid === process.getuid?.();
}

interface KnownPorts {
  readonly socket: string | null;
  readonly tcp: number | null;
  readonly pid: number | null;
}

/** What the supervisor wrote when it started; a killed one leaves the file. */
async function readPorts(config: string): Promise<KnownPorts> {
  const text = await readFile(join(dirname(config), 'ports.json'), 'utf8').catch(() => '');
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { socket: null, tcp: null, pid: null };
  }
  const { control_socket: socket, supervisor_pid: pid, services } = recordOf(content);
  const { control_tcp: tcp } = recordOf(services);
  return {
    socket: typeof socket === 'string' ? socket : null,
    tcp: isPort(tcp) ? tcp : null,
    pid: typeof pid === 'number' ? pid : null,
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}
