/** Telling the system's service manager about a file: systemctl, launchctl or schtasks. */
import { execFile } from 'node:child_process';
import type { LoginService } from '../main/supervisor/config/autostart.ts';

export interface Step {
  readonly program: string;
  readonly args: readonly string[];
  /** What it undoes may not be there. */
  readonly mayFail?: boolean;
}

/** These programs answer within seconds; a stop waits for the supervisor's own end, in ms. */
const stepTimeoutMs = 90_000;

/** What makes a written file count. `startNow`: not only from the next log-in on. */
export function registration(
  { system, name, file }: LoginService,
  { startNow, uid }: { readonly startNow: boolean; readonly uid: number },
): readonly Step[] {
  switch (system) {
    case 'systemd': {
      const enable = ['enable', ...(startNow ? ['--now'] : []), name];
      return [systemctl('daemon-reload'), systemctl(...enable)];
    }
    case 'launchd':
      // At log-in launchd reads the folder by itself; to load the agent is to start it.
      if (!startNow) return [];
      return [
        { program: 'launchctl', args: ['bootout', `gui/${uid}/${name}`], mayFail: true },
        { program: 'launchctl', args: ['bootstrap', `gui/${uid}`, file] },
      ];
    case 'task': {
      const create = { program: 'schtasks', args: ['/Create', '/TN', name, '/XML', file, '/F'] };
      const run = { program: 'schtasks', args: ['/Run', '/TN', name] };
      return startNow ? [create, run] : [create];
    }
  }
}

/** What takes it back, before the file goes; and what has to be told afterwards. */
export function removal(
  { system, name }: LoginService,
  { uid }: { readonly uid: number },
): { readonly before: readonly Step[]; readonly after: readonly Step[] } {
  switch (system) {
    case 'systemd':
      return {
        before: [systemctl('disable', '--now', name)],
        after: [systemctl('daemon-reload')],
      };
    case 'launchd': {
      const args = ['bootout', `gui/${uid}/${name}`];
      return { before: [{ program: 'launchctl', args, mayFail: true }], after: [] };
    }
    case 'task': {
      const args = ['/Delete', '/TN', name, '/F'];
      return { before: [{ program: 'schtasks', args }], after: [] };
    }
  }
}

/** The steps one after the other; why the first of them failed, or null. */
export async function take(
  steps: readonly Step[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  for (const step of steps) {
    const failure = await takeOne(step, env);
    if (failure !== null && step.mayFail !== true) return failure;
  }
  return null;
}

/** As a person types it. */
export function typed({ program, args }: Step): string {
  return [program, ...args].map((word) => (/[\s]/.test(word) ? `"${word}"` : word)).join(' ');
}

function systemctl(...args: readonly string[]): Step {
  return { program: 'systemctl', args: ['--user', ...args] };
}

function takeOne(
  { program, args }: Step,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  const options = { timeout: stepTimeoutMs, windowsHide: true, env: { ...env } };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, _stdout, stderr) => {
      if (error === null) return resolve(null);
      if (error.code === 'ENOENT') return resolve(`there is no program "${program}" here`);
      resolve(stderr.trim() || error.message);
    });
  });
}
