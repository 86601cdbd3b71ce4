/** Official SDK clients behind one small interface: tests say what is called, not how. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** The SDK and the era of the protocol that a client speaks. */
export type ClientKind = 'v1' | 'v2' | 'v2 stateless';

export interface McpClient extends AsyncDisposable {
  readonly name: string;
  /** Undefined in the stateless era. */
  readonly sessionId: string | undefined;
  /** What a tool answered; a tool's refusal is thrown. */
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<Answer>;
  close(): Promise<void>;
}

/** Every action answers with other fields. */
export type Answer = Readonly<Record<string, unknown>>;

interface ToolResult {
  readonly content?: unknown;
  readonly structuredContent?: unknown;
  readonly isError?: unknown;
}

/** Connects a client named `name` to `<gateway>/mcp`. */
export async function connectClient(
  mcpUrl: string,
  name: string,
  kind: ClientKind = 'v1',
): Promise<McpClient> {
  return kind === 'v1' ? await connectV1(mcpUrl, name) : await connectV2(mcpUrl, name, kind);
}

async function connectV1(mcpUrl: string, name: string): Promise<McpClient> {
  const client = new ClientV1({ name, version: '1.0.0' });
  const transport = new TransportV1(new URL(mcpUrl));
  // SDK v1's types do not know exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return {
    name,
    get sessionId() {
      return transport.sessionId;
    },
    // Its types still know the answers of 2024-10-07, which had no content.
    call: async (tool, args) =>
      answerOf((await client.callTool({ name: tool, arguments: args })) as ToolResult),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function connectV2(mcpUrl: string, name: string, kind: ClientKind): Promise<McpClient> {
  const client = new Client(
    { name, version: '2.0.0' },
    kind === 'v2 stateless' ? { versionNegotiation: { mode: 'auto' } } : {},
  );
  const transport = new StreamableHTTPClientTransport(new URL(mcpUrl));
  await client.connect(transport);
  return {
    name,
    get sessionId() {
      return transport.sessionId;
    },
    call: async (tool, args) =>
      answerOf(await client.callTool({ name: tool, arguments: { ...args } })),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function answerOf({ isError, content, structuredContent }: ToolResult): Answer {
  if (isError === true) throw new Error(`the tool refused: ${JSON.stringify(content)}`);
  return structuredContent as Answer;
}

/** What one agent did: the ids of its workspace and plan. */
export interface Work {
  readonly workspaceId: string;
  readonly planId: string;
}

/** Registers a folder and makes a plan with three steps in it. */
export async function makePlan(client: McpClient, folder: string): Promise<Work> {
  const { workspace } = await client.call('memory_workspace', { action: 'register', path: folder });
  const { workspace_id: workspaceId } = workspace as { workspace_id: string };
  const { plan } = await client.call('memory_plan', {
    action: 'create',
    workspace_id: workspaceId,
    title: `Plan of ${client.name}`,
    steps: ['First', 'Second', 'Third'],
  });
  return { workspaceId, planId: (plan as { plan_id: string }).plan_id };
}
