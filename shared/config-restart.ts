/**
 * The keys of `supervisor.toml` that are read once, when the supervisor starts. All others are applied
 * to the running one. Each of these would pull the ground from under somebody's feet: a port or a
 * folder that others were told of, or memory that is laid out once.
 */

/** Dotted paths. */
export const restartKeys: readonly string[] = [
  'supervisor.data_dir',
  'supervisor.control_pipe',
  'supervisor.control_socket',
  'supervisor.control_tcp',
  'supervisor.control_tcp_port',
  'mcp.port',
  'gui_server.enabled',
  'gui_server.port',
  'gui_server.bind_address',
  'auth.control_tcp_token',
  'events.buffer_size',
  'events.replay_buffer_size',
  'events.journal',
  'events.journal_max_events',
  'events.journal_max_age_hours',
];
