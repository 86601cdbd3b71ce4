/** For tests: a client of the official SDK, connected in memory to a server on a real database. */
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { openDatabase } from '../database.ts';
import { createChange, type MemoryEvent } from './events.ts';
import { createMemoryServer, type Focus } from './memory-server.ts';
import { Store } from './store.ts';
import { temporaryFolder } from './test-process.ts';

/** Every action answers with other fields; a test names those that it uses. */
export type Data = Record<string, unknown>;

/** Starts and connects both; the folder is gone when the scope ends. */
export async function connect() {
  const folder = await temporaryFolder();
  const database = openDatabase(folder.path);
  const events: MemoryEvent[] = [];
  const focuses: Focus[] = [];
  const server = createMemoryServer({
    store: new Store(database),
    change: createChange({
      database,
      deliver: (event) => void events.push(event),
      now: () => new Date(),
    }),
    onCall: (focus) => void focuses.push(focus),
    onError: (error) => {
      throw error;
    },
  });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'test', version: '1' });
  await Promise.all([server.connect(far), client.connect(near)]);

  const raw = (name: string, args: Record<string, unknown>) =>
    client.callTool({ name, arguments: args });
  /** The data of a call that must succeed. */
  const call = async (name: string, args: Record<string, unknown>) => {
    const result = await raw(name, args);
    const [content] = result.content as readonly { readonly text?: string }[];
    if (result.isError === true) throw new Error(content?.text);
    return result.structuredContent as Data;
  };
  /** The events since it was last asked. */
  const news = () => events.splice(0);
  return {
    client,
    raw,
    call,
    news,
    focuses,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export type Connection = Awaited<ReturnType<typeof connect>>;

/** A workspace with one plan, whose events are not news any more. */
export async function planIn({ call, news }: Connection, more: Record<string, unknown> = {}) {
  const { workspace } = await call('memory_workspace', { action: 'register', path: '/work/app' });
  const { workspace_id } = workspace as Data;
  const answer = await call('memory_plan', { action: 'create', workspace_id, title: 'T', ...more });
  news();
  const { plan_id } = answer['plan'] as { plan_id: string };
  return { workspace_id: String(workspace_id), plan_id };
}
