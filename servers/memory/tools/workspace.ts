/** memory_workspace: the folders that plans belong to. */
import { createHash } from 'node:crypto';
import { posix, win32 } from 'node:path';
import { CodedError } from '../../../shared/errors.ts';
import { action, type Tool } from './action.ts';
import { line, workspaceId } from './fields.ts';

const register = action(
  'register',
  'Makes a folder known and returns its workspace. A folder that is known already is returned as it is, with its first name.',
  {
    path: line('Absolute path of the folder, e.g. /home/me/app or C:\\work\\app.').max(4096),
    name: line("Name to show; the folder's own name unless given.").optional(),
  },
  ({ path: given, name }, { store, change }) => {
    const path = normalise(given);
    return change((emit, at) => {
      const known = store.workspaceAt(path.text);
      if (known !== undefined) return { workspace: known, registered: false };
      const workspace = {
        workspace_id: workspaceIdOf(path.text),
        name: name ?? (path.name || path.text),
        path: path.text,
        created_at: at,
        updated_at: at,
      };
      store.insertWorkspace(workspace);
      emit({
        type: 'workspace_registered',
        workspace_id: workspace.workspace_id,
        data: { path: workspace.path, name: workspace.name },
      });
      return { workspace, registered: true };
    });
  },
);

export const listWorkspaces = action(
  'list',
  'Lists all registered workspaces.',
  {},
  (_input, { store }) => ({ workspaces: store.workspaces() }),
);

export const getWorkspace = action(
  'get',
  'Returns one workspace and the number of its plans.',
  { workspace_id: workspaceId },
  ({ workspace_id }, { store }) => ({
    workspace: store.workspace(workspace_id),
    plans_total: store.countPlans(workspace_id, undefined),
  }),
);

export const workspaceTool: Tool = {
  name: 'memory_workspace',
  title: 'Workspaces',
  description:
    'Workspaces are the project folders that plans belong to. Register the folder you work in first; its workspace_id is needed to create plans.',
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  actions: [register, listWorkspaces, getWorkspace],
};

/** `pmws-` and 12 hex digits of the path's SHA-256: every instance gives a folder the same id. */
function workspaceIdOf(path: string): string {
  return `pmws-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
}

/**
 * One spelling per folder. Windows paths are accepted everywhere, because an agent on Windows may
 * use a server in WSL or a container.
 */
function normalise(given: string): { readonly text: string; readonly name: string } {
  const flavour = given.startsWith('/') ? posix : win32;
  if (!flavour.isAbsolute(given)) {
    throw new CodedError(
      'bad_request',
      `"${given}" is not an absolute path. Give the whole path of the folder, e.g. /home/me/app.`,
    );
  }
  const normal = flavour.normalize(given);
  const root = flavour.parse(normal).root;
  const rest = normal.slice(root.length).replace(/[\\/]+$/, '');
  const drive = root.replace(/^[a-z]:/, (letter) => letter.toUpperCase());
  return { text: drive + rest, name: flavour.basename(rest) };
}
