/** A client of the MCP gateway that makes one call after the other, all of which may be repeated. */
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { openSession, post } from '../conformance/endurance/session.ts';

/** A call waits for a new home up to 10 s; beyond that something hangs. */
const callTimeoutMs = 30_000;

/** Enough to see what went wrong; a failure that repeats itself fills no memory. */
const maxFailures = 20;

/** One call in so many changes something, which tells an event; the others read. */
const writeEvery = 5;

interface Tool {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

interface ToolAnswer {
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: Readonly<Record<string, unknown>>;
  };
}

export class Caller {
  calls = 0;
  readonly failures: string[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  #sessionId = '';
  #read: Tool = { name: 'memory_read', arguments: { action: 'workspaces' } };
  #planId: string | null = null;

  private constructor(port: number) {
    this.#port = port;
  }

  /** Opens a session and makes a plan of its own in the folder's workspace, for the calls to be about. */
  static async open(port: number, folder: string): Promise<Caller> {
    const caller = new Caller(port);
    caller.#sessionId = await openSession(caller.#target);
    const registered = await caller.#call({
      name: 'memory_workspace',
      arguments: { action: 'register', path: folder },
    });
    const { workspace_id } = registered['workspace'] as { readonly workspace_id: string };
    const title = `Plan of ${caller.#sessionId}`;
    const created = await caller.#call({
      name: 'memory_plan',
      arguments: { action: 'create', workspace_id, title, steps: ['First', 'Second'] },
    });
    const { plan_id } = created['plan'] as { readonly plan_id: string };
    caller.#read = { name: 'memory_read', arguments: { action: 'plan', plan_id } };
    caller.#planId = plan_id;
    return caller;
  }

  /** The next call; tells how long it took, in ms, and notes whether it failed. */
  async call(): Promise<number> {
    this.calls += 1;
    const tool = this.#next();
    const begun = performance.now();
    try {
      await this.#call(tool);
    } catch (error) {
      if (this.failures.length < maxFailures) this.failures.push(`${tool.name}: ${String(error)}`);
    }
    return performance.now() - begun;
  }

  /** Calls so often a second, each after the one before; ends when told. */
  async work(callsPerSecond: number, over: AbortSignal): Promise<void> {
    const periodMs = 1_000 / callsPerSecond;
    while (!over.aborted) {
      const tookMs = await this.call();
      await delay(Math.max(0, periodMs - tookMs), undefined, { signal: over }).catch(() => {});
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #next(): Tool {
    if (this.calls % writeEvery !== 0 || this.#planId === null) return this.#read;
    // Another value each time, for the same one is no change.
    const args = { action: 'store', plan_id: this.#planId, key: 'soak', value: this.calls };
    return { name: 'memory_context', arguments: args };
  }

  get #target() {
    return { port: this.#port, agent: this.#agent, timeoutMs: callTimeoutMs };
  }

  /** What the tool answered; whatever else came is thrown. */
  async #call(tool: Tool): Promise<Readonly<Record<string, unknown>>> {
    const message = { id: this.calls + 1, method: 'tools/call', params: tool };
    const { status, messages } = await post(this.#target, this.#sessionId, message);
    const answer = messages.at(-1) as ToolAnswer | undefined;
    const content = answer?.result?.structuredContent;
    if (status !== 200 || answer?.result?.isError === true || content === undefined) {
      throw new Error(`${status} ${JSON.stringify(messages).slice(0, 300)}`);
    }
    return content;
  }
}
