/** Where Claude, VS Code and Cursor keep their MCP servers, and what stands there. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../shared/errors.ts';
import { parseJsonc } from './jsonc.ts';

export const programs = ['claude', 'vscode', 'cursor'] as const;

export type McpProgram = (typeof programs)[number];

export interface User {
  readonly platform: NodeJS.Platform;
  readonly homedir: string;
  readonly appData: string | null;
  /** The project that the user is in. */
  readonly cwd: string;
}

/** A server as a file has it. */
export interface FoundServer {
  readonly name: string;
  readonly file: string;
  /** The project that the file belongs to; null when it is the user's own, for all projects. */
  readonly workspace: string | null;
  readonly entry: Readonly<Record<string, unknown>>;
}

export type ReadFile =
  | { readonly file: string; readonly servers: readonly FoundServer[] }
  | { readonly file: string; readonly problem: string };

/** The files of a program, those of the project last. */
export function usualFiles(program: McpProgram, user: User): readonly string[] {
  const { homedir, cwd } = user;
  switch (program) {
    case 'claude':
      return [
        join(applicationFolder(user, 'Claude'), 'claude_desktop_config.json'),
        join(homedir, '.claude.json'),
        join(cwd, '.mcp.json'),
      ];
    case 'vscode':
      return [
        join(applicationFolder(user, 'Code'), 'User', 'mcp.json'),
        join(cwd, '.vscode', 'mcp.json'),
      ];
    case 'cursor':
      return [join(homedir, '.cursor', 'mcp.json'), join(cwd, '.cursor', 'mcp.json')];
  }
}

function applicationFolder({ platform, homedir, appData }: User, name: string): string {
  if (platform === 'darwin') return join(homedir, 'Library', 'Application Support', name);
  if (platform === 'win32') return join(appData ?? join(homedir, 'AppData', 'Roaming'), name);
  return join(homedir, '.config', name);
}

/** Null when there is no such file. */
export async function readMcpFile(file: string, user: User): Promise<ReadFile | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    return { file, problem: `it cannot be read: ${messageOf(error)}` };
  }
  try {
    const content = recordOf(parseJsonc(text));
    const found = [
      ...serversIn(content, file, workspaceOf(file, user)),
      ...serversOfProject(content, file, user),
    ];
    return { file, servers: found };
  } catch (error) {
    return { file, problem: `it is not JSON: ${messageOf(error)}` };
  }
}

/** VS Code calls the list `servers`, the others `mcpServers`. */
function serversIn(
  content: Readonly<Record<string, unknown>>,
  file: string,
  workspace: string | null,
): readonly FoundServer[] {
  const list = recordOf(content['mcpServers'] ?? content['servers']);
  return Object.entries(list).map(([name, entry]) => ({
    name,
    file,
    workspace,
    entry: recordOf(entry),
  }));
}

/** Claude Code keeps what belongs to one project in the user's file, under the project's path. */
function serversOfProject(
  content: Readonly<Record<string, unknown>>,
  file: string,
  { cwd }: User,
): readonly FoundServer[] {
  if (basename(file) !== '.claude.json') return [];
  const project = recordOf(recordOf(content['projects'])[resolve(cwd)]);
  return serversIn(project, file, resolve(cwd));
}

/** `.vscode/mcp.json` and its like belong to the folder around; in the home folder, to the user. */
function workspaceOf(file: string, { homedir }: User): string | null {
  const folder = dirname(resolve(file));
  const isInside = ['.vscode', '.cursor'].includes(basename(folder));
  const workspace = isInside ? dirname(folder) : folder;
  if (workspace === resolve(homedir)) return null;
  return isInside || basename(file) === '.mcp.json' ? workspace : null;
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}
