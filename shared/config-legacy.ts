/**
 * Sections and keys of the old supervisor that this one does not have. A file that has them loads;
 * each is named once, with the reason. A key leaves this list when `config-schema.ts` gets it.
 */

interface LegacyKey {
  /** Dotted path of the section or key. */
  readonly path: string;
  /** What becomes of it: completes "[chatbot] …". */
  readonly notice: string;
}

const ignored = 'belonged to the old supervisor; this one ignores it';

export const legacyKeys: readonly LegacyKey[] = [
  { path: 'discovery', notice: ignored },
  {
    path: 'interactive_terminal.executable_path',
    notice: 'is ignored: see interactive_terminal.shell and command',
  },
  { path: 'cli_mcp', notice: ignored },
  { path: 'claude_mcp', notice: ignored },
  { path: 'mdns', notice: ignored },
  { path: 'chatbot', notice: ignored },
  { path: 'approval', notice: ignored },
  ...['brainstorm_gui', 'approval_gui'].flatMap((section) =>
    ['launch_mode', 'window_width', 'window_height', 'always_on_top'].map((key) => ({
      path: `${section}.${key}`,
      notice: ignored,
    })),
  ),
  { path: 'mcp.socket_path', notice: ignored },
  {
    path: 'supervisor.control_transport',
    notice:
      'is ignored: pipe (or socket) and TCP are both open, see control_socket and control_tcp',
  },
  {
    path: 'supervisor.bind_address',
    notice: 'is ignored: see mcp.port, gui_server.port and supervisor.control_tcp_port',
  },
  { path: 'dashboard.static_dir', notice: ignored },
  { path: 'dashboard.variant', notice: ignored },
  { path: 'gui_server.monitor_allowed_paths', notice: ignored },
  { path: 'gui_server.monitor_url', notice: ignored },
];
