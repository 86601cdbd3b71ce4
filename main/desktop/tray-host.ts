/**
 * Does this Linux desktop draw tray icons? Electron cannot tell: a tray that nobody draws (GNOME without
 * its extension) is accepted all the same. The desktop's StatusNotifierWatcher knows whether a host is
 * there, and answers over D-Bus; one of the usual small programs asks it, because a D-Bus client of our
 * own would be much code for one question. See docs/decisions/0013-tray-host.md.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';

/** `unknown`: there is no session bus, or no program to ask it. */
export type TrayHost = 'there' | 'missing' | 'unknown';

/** Runs a program and resolves with all it printed, also when it failed; rejects when there is none. */
export type Ask = (file: string, args: readonly string[]) => Promise<string>;

const service = 'org.kde.StatusNotifierWatcher';
const path = '/StatusNotifierWatcher';
const property = 'IsStatusNotifierHostRegistered';
const get = 'org.freedesktop.DBus.Properties.Get';

/** systemd's, GLib's and the reference one: each desktop has one of them at least. */
const questions: readonly (readonly [file: string, args: readonly string[]])[] = [
  ['busctl', ['--user', 'get-property', service, path, service, property]],
  [
    'gdbus',
    ['call', '--session', '--dest', service, '--object-path', path, '--method', get].concat(
      service,
      property,
    ),
  ],
  [
    'dbus-send',
    ['--session', '--print-reply', `--dest=${service}`, path, get].concat(
      `string:${service}`,
      `string:${property}`,
    ),
  ],
];

/** The bus answers within milliseconds; a program that hangs must not keep the window away, in ms. */
const answerDeadlineMs = 3_000;

/** At log-in the panel may come up after us: a host is missing only when it stays so, in ms. */
const patienceMs = 10_000;
const retryMs = 1_000;

/** Asks until there is a host, or none has come for ten seconds. Never rejects. */
export async function findTrayHost(ask: Ask): Promise<TrayHost> {
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    const host = await trayHostNow(ask);
    if (host !== 'missing' || waitedMs >= patienceMs) return host;
    await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
  }
}

/**
 * Whether a hidden start has to show the window all the same: where no tray is drawn, and once, the first
 * time, where nobody can tell. `noteFile` remembers that it was shown.
 */
export async function mustShow(host: TrayHost, noteFile: string): Promise<boolean> {
  if (host !== 'unknown') return host === 'missing';
  // A note that cannot be written leaves the window visible each time, never the program invisible.
  return await writeFile(noteFile, '', { flag: 'wx' }).then(
    () => true,
    (error: unknown) => !isThere(error),
  );
}

function isThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** What the desktop says at this moment. Never rejects. */
export async function trayHostNow(ask: Ask): Promise<TrayHost> {
  for (const [file, args] of questions) {
    const said = await ask(file, args).catch(() => null);
    if (said === null) continue; // Not installed: the next one.
    // `b true`, `(<true>,)`, `variant boolean true`
    if (/\btrue\b/.test(said)) return 'there';
    if (/\bfalse\b/.test(said)) return 'missing';
    // No watcher at all. The three word it each in its own way, but name what the bus answered.
    if (/ServiceUnknown|not provided by any|not activatable/i.test(said)) return 'missing';
  }
  return 'unknown';
}

/** An {@link Ask} that really runs programs, in English. */
export function askPrograms(env: NodeJS.ProcessEnv): Ask {
  return async (file, args) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const options = { env: { ...env, LC_ALL: 'C' }, timeout: answerDeadlineMs };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') reject(error);
      else resolve(`${stdout}${stderr}`);
    });
    return await promise;
  };
}
