/**
 * Sections and keys of the old supervisor that this one does not have. A file that has them loads;
 * each is named once, with the reason. A key leaves this list when `config-schema.ts` gets it.
 */

interface LegacyKey {
  /** Dotted path of the section or key. */
  readonly path: string;
  /** What becomes of it: completes "[chatbot] …". */
  readonly notice: string;
  /** The one value that asks for what happens anyway, and needs no notice. */
  readonly silentFor?: string;
}

const ignored = 'belonged to the old supervisor; this one ignores it';

export const legacyKeys: readonly LegacyKey[] = [
  { path: 'discovery', notice: ignored },
  { path: 'interactive_terminal', notice: 'is ignored: it comes with a later version' },
  { path: 'cli_mcp', notice: ignored },
  { path: 'claude_mcp', notice: ignored },
  { path: 'mdns', notice: ignored },
  { path: 'chatbot', notice: ignored },
  { path: 'approval', notice: ignored },
  { path: 'brainstorm_gui', notice: ignored },
  { path: 'approval_gui', notice: ignored },
  { path: 'mcp.container', notice: 'is ignored: MCP servers run as processes, not in containers' },
  {
    path: 'mcp.backend',
    notice: 'is ignored: only "node" is available, which runs MCP servers as processes',
    silentFor: 'node',
  },
  { path: 'mcp.socket_path', notice: ignored },
  {
    path: 'supervisor.control_transport',
    notice: 'is ignored: pipe (or socket) and TCP are always both open',
  },
  {
    path: 'supervisor.bind_address',
    notice: 'is ignored: see mcp.port, gui_server.port and supervisor.control_tcp_port',
  },
  { path: 'reconnect.cooldown_dependency_group_ms', notice: ignored },
  { path: 'reconnect.cooldown_global_ms', notice: ignored },
  { path: 'dashboard.static_dir', notice: ignored },
  { path: 'dashboard.variant', notice: ignored },
  { path: 'gui_server.monitor_allowed_paths', notice: ignored },
  { path: 'gui_server.monitor_url', notice: ignored },
];
