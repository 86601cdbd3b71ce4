/**
 * Which tools may be called twice. A call that was under way when its instance died is repeated only if
 * its tool says that this does no harm: `readOnlyHint` or `idempotentHint` (MCP tool annotations; they
 * are hints, and the server that gives them is the one that is called).
 */
import type { Agent } from 'undici';
import { z } from 'zod';
import { postRpc } from './upstream-rpc.ts';

const listSchema = z.object({
  result: z.object({
    tools: z.array(
      z.object({
        name: z.string(),
        annotations: z
          .object({ readOnlyHint: z.boolean().optional(), idempotentHint: z.boolean().optional() })
          .optional(),
      }),
    ),
    nextCursor: z.string().optional(),
  }),
});

/** Pages asked for; a server with more tools than this has them unknown. */
const maxPages = 50;

/** In whose name, and where, a server is asked. */
export interface Asker {
  readonly origin: string | null;
  /** Headers that the client sent. */
  readonly headers: readonly string[];
  /** The client's session at the instance; null for none. */
  readonly upstreamId: string | null;
  /** `_meta` of a stateless client's request, which each request must have (MCP 2026-07-28). */
  readonly meta?: unknown;
}

export class ToolCatalog {
  readonly #agent: Agent;
  #repeatable: Promise<ReadonlySet<string>> | null = null;

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  /** Forgets what it knows: another version of the server may run now. */
  forget(): void {
    this.#repeatable = null;
  }

  /**
   * True when the tool says that calling it again does no harm; false also when the server does not list
   * its tools. Throws when the instance cannot be asked.
   */
  async mayRepeat(tool: string, asker: Asker): Promise<boolean> {
    this.#repeatable ??= this.#ask(asker);
    try {
      return (await this.#repeatable).has(tool);
    } catch (error) {
      this.#repeatable = null;
      throw error;
    }
  }

  async #ask({ origin, headers, upstreamId, meta }: Asker): Promise<ReadonlySet<string>> {
    if (origin === null) throw new Error('the instance has no port yet');
    const names = new Set<string>();
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page += 1) {
      const params = { ...(cursor !== undefined && { cursor }), ...(meta ? { _meta: meta } : {}) };
      const request = { jsonrpc: '2.0', id: `pms-tools-${page}`, method: 'tools/list', params };
      const body = JSON.stringify(request);
      const answer = await postRpc(this.#agent, origin, body, headers, upstreamId);
      if (answer.status === 404) throw new Error('the instance does not know the session');
      const parsed = listSchema.safeParse(answer.message);
      if (!parsed.success) break;
      const { tools, nextCursor } = parsed.data.result;
      for (const { name, annotations } of tools) {
        if (annotations?.readOnlyHint || annotations?.idempotentHint) names.add(name);
      }
      cursor = nextCursor;
      if (cursor === undefined) break;
    }
    return names;
  }
}
