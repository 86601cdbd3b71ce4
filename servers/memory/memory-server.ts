/**
 * The MCP server as clients see it: who it is and which tools it has. One is made per session (or,
 * in the stateless era, per request); all of them work on the same store.
 */
import { type CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { CodedError, messageOf } from '../../shared/errors.ts';
import type { Change, EventDraft } from './events.ts';
import type { Store } from './store.ts';
import { type Call, describeActions, inputSchemaOf, type Tool } from './tools/action.ts';
import { agentTool } from './tools/agent.ts';
import { contextTool } from './tools/context.ts';
import { planTool } from './tools/plan.ts';
import { readTool } from './tools/read.ts';
import { stepsTool } from './tools/steps.ts';
import { workspaceTool } from './tools/workspace.ts';

/** The name of the old server: its dashboards and extensions look for it. */
export const serverName = 'project-memory-mcp';
export const serverVersion = '1.0.0';

const instructions =
  'A memory for projects that outlives the conversation. Register your folder with memory_workspace, keep plans and their steps with memory_plan and memory_steps, and what is worth remembering with memory_context. Look things up with memory_read.';

/** The schemas are derived once: the stateless era makes a server for every request. */
const tools = [workspaceTool, planTool, stepsTool, contextTool, agentTool, readTool].map(
  (tool) => ({
    tool,
    inputSchema: inputSchemaOf(tool),
    description: `${tool.description}\nActions:\n${describeActions(tool.actions)}`,
  }),
);

/** What a call was about; null says that it is over, undefined that the call did not touch it. */
export interface Focus {
  readonly workspaceId?: string;
  readonly planId?: string;
  readonly agentType?: string | null;
}

export interface MemoryServerDependencies {
  readonly store: Store;
  readonly change: Change;
  /** Told after every successful call what it was about. */
  readonly onCall: (focus: Focus) => void;
  /** Told of errors that are not the caller's fault. */
  readonly onError: (error: unknown) => void;
}

/** Makes a server that is not yet connected to a client. */
export function createMemoryServer(dependencies: MemoryServerDependencies): McpServer {
  const server = new McpServer({ name: serverName, version: serverVersion }, { instructions });
  for (const { tool, inputSchema, description } of tools) {
    server.registerTool(
      tool.name,
      { title: tool.title, description, inputSchema, annotations: tool.annotations },
      (call) => answer(tool, call, dependencies),
    );
  }
  return server;
}

function answer(tool: Tool, call: Call, dependencies: MemoryServerDependencies): CallToolResult {
  const { store, change, onCall, onError } = dependencies;
  const events: EventDraft[] = [];
  const named: Change = (work) =>
    change((emit, at) =>
      work((draft) => {
        events.push(draft);
        emit({ ...draft, tool_name: tool.name });
      }, at),
    );
  try {
    const structuredContent = call.run({ store, change: named });
    onCall(focusOf(call.input, events, store));
    return {
      structuredContent,
      content: [{ type: 'text', text: JSON.stringify(structuredContent, null, 2) }],
    };
  } catch (error) {
    if (error instanceof CodedError) return refusal(error.message);
    onError(error);
    return refusal(`The memory could not do it: ${messageOf(error)}. Nothing was changed.`);
  }
}

function refusal(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] };
}

function focusOf(input: Call['input'], events: readonly EventDraft[], store: Store): Focus {
  const event = events.at(-1);
  const planId = event?.plan_id ?? text(input['plan_id']);
  const workspaceId =
    event?.workspace_id ??
    text(input['workspace_id']) ??
    (planId === undefined ? undefined : store.findPlan(planId)?.workspace_id);
  const agentType =
    event?.type === 'agent_session_started'
      ? event.agent_type
      : event?.type === 'agent_session_completed'
        ? null
        : undefined;
  return {
    ...(workspaceId !== undefined && { workspaceId }),
    ...(planId !== undefined && { planId }),
    ...(agentType !== undefined && { agentType }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
