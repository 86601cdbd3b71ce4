/**
 * Which process has which task (MCP 2025-11-25 tasks, SEP-2663). Most servers keep their tasks in memory: a
 * task ends with its process, and another one knows nothing of it. So an instance that is being emptied is
 * given time for those that are open, and a client that asks for one that is gone is told so. A server may
 * share its tasks between its processes; therefore the one that is there is asked first.
 */
import type { Agent } from 'undici';
import { z } from 'zod';
import type { Instance } from './instance.ts';
import type { Asker } from './tool-catalog.ts';
import { postRpc } from './upstream-rpc.ts';

/** Names a task. */
export interface TaskName {
  /** Ids are unique within a session only, where a server counts its tasks; null for one without a session. */
  readonly sessionId: string | null;
  readonly taskId: string;
}

interface Birth extends TaskName {
  readonly instance: Instance;
  /** Tells its processes apart. */
  readonly bornAt: number;
  readonly isOpen: boolean;
}

/** What an instance is still working on. */
export interface OpenTasks {
  /** The sessions that have open tasks there. */
  readonly sessions: ReadonlySet<string>;
  /** How many there are, and how many of them belong to no session. */
  readonly all: number;
  readonly withoutSession: number;
}

/** What is remembered; of more, what was heard of least recently is forgotten. */
const maxTasks = 10_000;

/** A longer id is not remembered. Servers use UUIDs. */
const maxIdChars = 500;

/** The server does not have that method (JSON-RPC 2.0): that says nothing of the task. */
const noSuchMethod = -32601;

const answerSchema = z.union([
  z.object({ result: z.object({}) }),
  z.object({ error: z.object({ code: z.number() }) }),
]);

export class TaskBirths {
  readonly #agent: Agent;
  readonly #births = new Map<string, Birth>();

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  /** The instance has said that it has this task, and whether that is open. */
  note({ sessionId, taskId }: TaskName, instance: Instance, isOpen: boolean): void {
    if (taskId.length > maxIdChars) return;
    const key = keyOf({ sessionId, taskId });
    // The last in the map is the one that was heard of last.
    this.#births.delete(key);
    const { bornAt } = instance;
    this.#births.set(key, { sessionId, taskId, instance, bornAt, isOpen });
    const [oldest] = this.#births.keys();
    if (this.#births.size > maxTasks && oldest !== undefined) this.#births.delete(oldest);
  }

  /** What the process of this instance has still to do, as far as its clients have heard. */
  openOn(instance: Instance): OpenTasks {
    const sessions = new Set<string>();
    let all = 0;
    let withoutSession = 0;
    for (const birth of this.#births.values()) {
      if (!birth.isOpen || !isThere(birth, instance)) continue;
      all += 1;
      if (birth.sessionId === null) withoutSession += 1;
      else sessions.add(birth.sessionId);
    }
    return { sessions, all, withoutSession };
  }

  /**
   * True when the process that had the task has ended, or is not asked any more, and this instance does not
   * know it. False also when the instance cannot be asked; the request itself will tell.
   */
  async isLost(name: TaskName, instance: Instance, asker: Asker): Promise<boolean> {
    const birth = this.#births.get(keyOf(name));
    if (birth === undefined || isThere(birth, instance)) return false;
    try {
      const isKnown = await this.#isKnown(name.taskId, asker);
      // Shared, it does not end with its process: nobody has to wait for it.
      if (isKnown) this.note(name, instance, false);
      return !isKnown;
    } catch {
      return false;
    }
  }

  async #isKnown(taskId: string, asker: Asker): Promise<boolean> {
    const { origin, headers, upstreamId, meta } = asker;
    if (origin === null) throw new Error('the instance has no port yet');
    const params = { taskId, ...(meta ? { _meta: meta } : {}) };
    const request = { jsonrpc: '2.0', id: 'pms-task', method: 'tasks/get', params };
    const body = JSON.stringify(request);
    const answer = await postRpc(this.#agent, origin, body, headers, upstreamId);
    const parsed = answerSchema.parse(answer.message);
    return 'result' in parsed || parsed.error.code === noSuchMethod;
  }
}

function isThere(birth: Birth, instance: Instance): boolean {
  return birth.instance === instance && birth.bornAt === instance.bornAt;
}

function keyOf({ sessionId, taskId }: TaskName): string {
  return `${sessionId ?? ''} ${taskId}`;
}
