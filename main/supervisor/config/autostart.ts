/**
 * What starts this program at log-in. There are two ways: the desktop's login item, with tray and window,
 * and a service of the system (`pm-supervisor service install`) without them. Both together start it
 * twice, and whichever is slower finds the place taken. Command line and doctor look and judge here.
 */
import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { type Machine, configPath as placeOfConfig, xdgFolder } from './config-path.ts';
import { hashOf } from './content-hash.ts';
import { familyOf } from './control-address.ts';

/** Who starts services at log-in: systemd, launchd, or Windows' Task Scheduler. */
export type ServiceSystem = 'systemd' | 'launchd' | 'task';

export interface LoginService {
  readonly system: ServiceSystem;
  /** What the system calls it. */
  readonly name: string;
  /** The file that describes it. */
  readonly file: string;
}

export interface Autostart {
  /** Where the desktop's login item was seen; null where there is none. */
  readonly desktop: string | null;
  /** Where the service was seen; null where none starts at log-in. */
  readonly service: string | null;
}

export interface AutostartQuestion {
  readonly machine: Machine;
  /** The configuration of the supervisor that is meant, absolute. */
  readonly configPath: string;
  /** `[desktop] login_item`. */
  readonly wantsLoginItem: boolean;
}

/** Runs a program of the system; null when it fails. */
type Ask = (program: string, args: readonly string[]) => Promise<string | null>;

const application = 'project-memory-supervisor';

/** Where Windows keeps what it starts at log-in. */
const runKey = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run';

/** These programs answer in a moment, in ms. */
const askTimeoutMs = 5_000;

/** The service of a configuration: one each, as there is one supervisor for each. */
export function loginServiceOf(machine: Machine, configPath: string): LoginService {
  const suffix = isStandard(machine, configPath) ? '' : `-${familyOf(configPath)}`;
  if (machine.platform === 'win32') {
    const name = `Project Memory Supervisor${suffix}`;
    // The Task Scheduler keeps a copy of its own; this is the one that can be read.
    const file = win32.join(win32.dirname(configPath), `login-task${suffix}.xml`);
    return { system: 'task', name, file };
  }
  if (machine.platform === 'darwin') {
    const name = `dev.project-memory.supervisor.service${suffix}`;
    const file = posix.join(machine.homedir, 'Library', 'LaunchAgents', `${name}.plist`);
    return { system: 'launchd', name, file };
  }
  const name = `${application}${suffix}.service`;
  return { system: 'systemd', name, file: posix.join(unitFolder(machine), name) };
}

/** Looks at files and registries. What cannot be seen counts as not there. */
export async function lookAtAutostart(
  question: AutostartQuestion,
  ask: Ask = askProgram,
): Promise<Autostart> {
  const [desktop, service] = await Promise.all([
    desktopItem(question, ask),
    serviceItem(question, ask),
  ]);
  return { desktop, service };
}

/** What is to be said about it, and done. */
export function judgeAutostart({ desktop, service }: Autostart): {
  readonly status: 'ok' | 'warning';
  readonly message: string;
  readonly cure: string | null;
} {
  if (desktop !== null && service !== null) {
    return {
      status: 'warning',
      message: `Two ways start it at log-in: the desktop program (${desktop}) and a service (${service}). Only the quicker one runs, so tray and window may be missing.`,
      cure: 'Keep one: set [desktop] login_item = false, or run "pm-supervisor service remove".',
    };
  }
  const ok = (message: string) => ({ status: 'ok', message, cure: null }) as const;
  if (desktop !== null) return ok(`The desktop program starts at log-in (${desktop}).`);
  if (service !== null) return ok(`It starts at log-in as a service, without window (${service}).`);
  return ok(
    'Nothing starts it at log-in. [desktop] login_item = true does, or "pm-supervisor service install" where there is no desktop.',
  );
}

function isStandard(machine: Machine, configPath: string): boolean {
  return (
    configPath === placeOfConfig({ ...machine, env: appDataOf(machine), option: null, cwd: '/' })
  );
}

/** Without PM_SUPERVISOR_CONFIG, which is not there at log-in. */
function appDataOf({ env }: Machine): Machine['env'] {
  return { APPDATA: env['APPDATA'] };
}

function configHome(machine: Machine): string {
  return xdgFolder(machine, 'XDG_CONFIG_HOME') ?? posix.join(machine.homedir, '.config');
}

function unitFolder(machine: Machine): string {
  return posix.join(configHome(machine), 'systemd', 'user');
}

/** Where main/desktop/login-item.ts has put it; the key is that of main/desktop/start-arguments.ts. */
async function desktopItem(question: AutostartQuestion, ask: Ask): Promise<string | null> {
  const { machine, configPath, wantsLoginItem } = question;
  if (machine.platform === 'win32') {
    const items = await ask('reg', ['query', runKey]);
    return items !== null && /project[- ]memory[- ]supervisor/i.test(items) ? runKey : null;
  }
  if (machine.platform === 'darwin') {
    // Only the program itself may ask macOS; it does what the configuration says.
    return wantsLoginItem ? `[desktop] login_item in ${configPath}` : null;
  }
  const keys = [`-${hashOf(configPath).slice(0, 16)}`];
  if (isStandard(machine, configPath)) keys.push('');
  for (const key of keys) {
    const file = posix.join(configHome(machine), 'autostart', `${application}${key}.desktop`);
    if (await isOn(file)) return file;
  }
  return null;
}

/** Session settings switch an item off in place. */
async function isOn(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text !== null && !/^(Hidden=true|X-GNOME-Autostart-enabled=false)$/m.test(text);
}

async function serviceItem(question: AutostartQuestion, ask: Ask): Promise<string | null> {
  const { machine, configPath } = question;
  const { system, name, file } = loginServiceOf(machine, configPath);
  switch (system) {
    case 'task':
      return (await ask('schtasks', ['/Query', '/TN', name])) === null ? null : `task "${name}"`;
    case 'launchd':
      return (await exists(file)) ? file : null;
    case 'systemd':
      // A unit without this link is there, but only started by hand.
      return (await exists(wantsLink(machine, name))) ? file : null;
  }
}

/** What `systemctl --user enable` makes of `WantedBy=default.target`. */
export function wantsLink(machine: Machine, name: string): string {
  return posix.join(unitFolder(machine), 'default.target.wants', name);
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

async function askProgram(program: string, args: readonly string[]): Promise<string | null> {
  return await new Promise((resolve) => {
    execFile(program, args, { timeout: askTimeoutMs, windowsHide: true }, (error, stdout) =>
      resolve(error === null ? stdout : null),
    );
  });
}
