/**
 * Writing the configuration: through the supervisor where one runs, which applies it at once and keeps the
 * version before; else into the file. Either way only what is valid, and never over what somebody else
 * wrote meanwhile.
 */
import { chmod, readFile, realpath, stat } from 'node:fs/promises';
import { isAway, SupervisorError } from '../client/supervisor-error.ts';
import { hashOf } from '../main/supervisor/config/content-hash.ts';
import { replaceFile } from '../main/supervisor/config/write-file.ts';
import type { ConfigApplied } from '../shared/config-change.ts';
import type { Context } from './command.ts';
import { CommandError } from './exit-codes.ts';
import { configFile } from './token.ts';

/** The file as it was read. */
export interface Original {
  readonly path: string;
  /** With byte order mark and line ends as they are; empty when there is no file. */
  readonly text: string;
  /** Null when there is no file. */
  readonly hash: string | null;
}

export interface Saved {
  readonly path: string;
  /** What the running supervisor did with it; null when none runs. */
  readonly applied: ConfigApplied | null;
}

/** Reads the configuration of this call. Throws when it is there and is no UTF-8 text. */
export async function readOriginal({ configOption, env, cwd }: Context): Promise<Original> {
  const path = configFile(configOption, env, cwd);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new CommandError(`${path} cannot be read: ${error.message}`);
  });
  if (bytes === null) return { path, text: '', hash: null };
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { path, text, hash: hashOf(bytes) };
  } catch {
    throw new CommandError(`${path} is not UTF-8 text. "config check" says where.`);
  }
}

/** Throws `config_conflict` when the file is not the original any more, `config_invalid` with the problems. */
export async function saveConfig(
  context: Context,
  { path, hash }: Original,
  text: string,
): Promise<Saved> {
  try {
    const reply = await context.client().request('SaveConfig', { text, base_hash: hash ?? '' });
    return { path: reply.path, applied: reply.applied };
  } catch (error) {
    if (!(error instanceof SupervisorError) || error.code !== 'not_running') {
      if (isAway(error))
        throw new CommandError(`It is not known whether it was saved: ${String(error)}`);
      throw error;
    }
  }
  await writeWhereItIs(path, hash, text);
  return { path, applied: null };
}

async function writeWhereItIs(path: string, hash: string | null, text: string): Promise<void> {
  // Behind a link: a file in a repository of dot files stays there.
  const place = await realpath(path).catch(() => path);
  const facts = await stat(place).catch(() => null);
  const now = await readFile(place).catch(() => null);
  if ((now === null ? null : hashOf(now)) !== hash) {
    throw new SupervisorError(
      'config_conflict',
      `${path} was changed meanwhile. Nothing was written; try again.`,
    );
  }
  await replaceFile(place, text);
  if (facts !== null) await chmod(place, facts.mode);
}

/** What the supervisor did with a saved configuration, in words. */
export function savedLines({ path, applied }: Saved): readonly string[] {
  if (applied === null) return [`Saved ${path}. No supervisor runs; the next start reads it.`];
  const changes = applied.changes.filter(({ action }) => action !== 'none');
  return [
    `Saved and applied ${path}.`,
    ...changes.map(({ service, action, reason, ok, error }) =>
      ok ? `  ${service}: ${action} (${reason})` : `  ${service}: ${action} failed: ${error}`,
    ),
    ...applied.restart_needed.map((key) => `  ${key}: counts from the supervisor's next start on`),
  ];
}
