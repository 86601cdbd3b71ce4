/** What a changed configuration does to what runs, and what is told about its file. */
import type { ConfigProblem } from './status.ts';

/**
 * `update` changes something that runs on; `none` leaves it alone; `restart` of an MCP pool replaces its
 * instances one by one and breaks no session.
 */
export type ConfigAction = 'start' | 'stop' | 'restart' | 'update' | 'none';

export interface ConfigChange {
  /** The name of a service, or a section that is none: `[events]`. */
  readonly service: string;
  readonly action: ConfigAction;
  /** In words, with the names of the keys; never with their values, which may be secrets. */
  readonly reason: string;
}

/** What saving a text would do. */
export interface ConfigPreview {
  readonly changes: readonly ConfigChange[];
  /** Keys whose new values count from the next start of the supervisor on. */
  readonly restart_needed: readonly string[];
}

/** One change and how it went. */
export interface AppliedChange extends ConfigChange {
  /** False when it failed; true also while it is still going on. */
  readonly ok: boolean;
  readonly error: string | null;
}

export interface ConfigApplied {
  readonly changes: readonly AppliedChange[];
  readonly restart_needed: readonly string[];
}

/** The file as it is on disk. */
export interface ConfigFileReply {
  readonly path: string;
  /** With its byte order mark and line ends; empty when there is no file. */
  readonly text: string;
  /** SHA-256 of its bytes, in hex; empty when there is no file. */
  readonly hash: string;
  /** `file`: what it says runs; `last_good`: it is broken, an earlier one runs; `none`: nothing usable. */
  readonly running: 'file' | 'last_good' | 'none';
  readonly problems: readonly ConfigProblem[];
  /** Keys whose values in the file count from the next start of the supervisor on. */
  readonly restart_needed: readonly string[];
}

/** An earlier text of the file that was kept. */
export interface ConfigVersionInfo {
  readonly id: string;
  /** When it was first seen, ISO 8601. */
  readonly at: string;
  readonly bytes: number;
  /** SHA-256 of its bytes, in hex. */
  readonly hash: string;
}
