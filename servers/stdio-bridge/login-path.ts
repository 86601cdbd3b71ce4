/**
 * A program that macOS starts from the desktop has launchd's short PATH: no Homebrew, no nvm, so `npx`
 * is not found. What the user's login shell has is asked for once.
 */
import { execFile } from 'node:child_process';

/** How long the shell's start-up files may take, in ms. */
const defaultTimeoutMs = 5_000;

const launchdFolders = new Set(['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']);

/** Around the answer: start-up files print greetings. */
const mark = '_PM_PATH_';

export interface LoginPathOptions {
  readonly platform: NodeJS.Platform;
  readonly path: string;
  readonly shell: string;
  readonly timeoutMs?: number;
}

/** The PATH for servers; the given one when it is no short one, or the shell does not tell in time. */
export async function loginPath(options: LoginPathOptions): Promise<string> {
  const { platform, path, shell, timeoutMs = defaultTimeoutMs } = options;
  const isShort = path === '' || path.split(':').every((folder) => launchdFolders.has(folder));
  if (platform !== 'darwin' || !isShort) return path;
  const said = await askShell(shell, timeoutMs);
  return new RegExp(`${mark}(.+)${mark}`).exec(said)?.[1] ?? path;
}

function askShell(shell: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(
      shell,
      ['-ilc', `printf '${mark}%s${mark}' "$PATH"`],
      { timeout: timeoutMs, killSignal: 'SIGKILL' },
      // Also a shell that failed at its end has said what we asked for.
      (_error, stdout) => resolve(stdout),
    );
    child.stdin?.end();
  });
}
