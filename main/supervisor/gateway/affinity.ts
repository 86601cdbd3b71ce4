/**
 * Which instance a stateless request belongs to (MCP 2026-07-28). Without sessions, what a server keeps in
 * memory is named by other things: a task, a handle in an `Mcp-Param-*` header, who asks. Requests that
 * name the same thing go to the same instance as long as that runs; then to another one, where they stay.
 */
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Instance } from '../pool/instance.ts';
import { decodedHeader } from './headers.ts';

/** Looked up at each request: it may change. */
export interface AffinitySettings {
  /** Names of tool arguments whose values are handles, as their headers `Mcp-Param-<name>` have them. */
  readonly params: readonly string[];
  /** A header that names the agent; null for none. */
  readonly header: string | null;
}

export interface AffinityKey {
  readonly name: string;
  /** The instance may know what others do not; else it is only a good choice. */
  readonly isFirm: boolean;
  /** It names a task, for whose end an instance that is being emptied is given time. */
  readonly isTask: boolean;
}

/** What is remembered; of more, what was used least recently is forgotten. */
const maxKeys = 10_000;

/** Longer names are remembered by their hash: headers may have kilobytes. */
const maxNameChars = 200;

/** How much more than another instance one may have to do before its own clients are sent away, in requests. */
const slack = 4;

export class Affinity {
  readonly #settings: AffinitySettings;
  readonly #instances = new Map<string, Instance>();

  constructor(settings: AffinitySettings) {
    this.#settings = settings;
  }

  /** What the request belongs to, the most telling first; null when it may go anywhere. */
  keyOf(headers: IncomingHttpHeaders, principal: string | null): AffinityKey | null {
    if (textOf(headers['mcp-method'])?.startsWith('tasks/')) {
      const task = textOf(headers['mcp-name']);
      if (task !== null) return taskKey(decodedHeader(task));
    }
    for (const name of this.#settings.params) {
      const param = `mcp-param-${name.toLowerCase()}`;
      const value = textOf(headers[param]);
      if (value !== null) return firm(`${param} ${decodedHeader(value)}`);
    }
    if (principal !== null) return { name: `principal ${principal}`, isFirm: false, isTask: false };
    const { header } = this.#settings;
    const value = header === null ? null : textOf(headers[header.toLowerCase()]);
    return value === null ? null : firm(`header ${value}`);
  }

  /** The instance of the key, if that is to be preferred to `least`, the one that has least to do. */
  choose(key: AffinityKey, least: Instance): Instance {
    const bound = this.#instances.get(key.name);
    const isThere = bound?.isUp === true && (key.isTask || !bound.draining);
    if (isThere && !key.isFirm && bound.inFlight > least.inFlight + slack) return least;
    const chosen = isThere ? bound : least;
    this.bind(key, chosen);
    return chosen;
  }

  bind({ name }: AffinityKey, instance: Instance): void {
    // The last in the map is the one that was used last.
    this.#instances.delete(name);
    this.#instances.set(name, instance);
    const [oldest] = this.#instances.keys();
    if (this.#instances.size > maxKeys && oldest !== undefined) this.#instances.delete(oldest);
  }
}

/** The key of a task (SEP-2663: its requests carry the task's id in `Mcp-Name`). */
export function taskKey(taskId: string): AffinityKey {
  return { ...firm(`task ${taskId}`), isTask: true };
}

function firm(name: string): AffinityKey {
  const short = name.length <= maxNameChars ? name : hash('sha256', name, 'hex');
  return { name: short, isFirm: true, isTask: false };
}

function textOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
