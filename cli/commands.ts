/** Every command of `pm-supervisor`, in the order of the help. */
import { eventTypes } from '../shared/events.ts';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

/** Options of every command. */
export const globalOptions: Readonly<Record<string, OptionSpec>> = {
  config: {
    value: 'FILE',
    summary:
      'The configuration of the supervisor that is meant; PM_SUPERVISOR_CONFIG does the same',
    completes: 'files',
  },
  json: { value: null, summary: 'Print the result as JSON, one value a line' },
  help: { value: null, short: 'h', summary: 'Print how the command is used' },
  version: { value: null, short: 'V', summary: 'Print the version' },
};

const service: ArgumentSpec = {
  name: 'NAME',
  summary: 'Name of a service, as `status` shows it: mcp, dashboard, mcp:1 …',
  required: true,
  completes: 'services',
};

const mcpService: ArgumentSpec = {
  name: 'NAME',
  summary: 'Name of an MCP server of [[servers]]; by default mcp, the main pool',
  required: false,
  completes: 'services',
};

const noWait: OptionSpec = { value: null, summary: 'Do not wait until it is done' };

const timeout: OptionSpec = {
  value: 'SECONDS',
  summary: 'How long to wait at most; 60 unless told',
};

const force: OptionSpec = {
  value: null,
  summary: 'Also when the file was changed by hand, or is of another program',
};

const changeState = {
  arguments: [service],
  options: { 'no-wait': noWait, timeout },
} as const;

export const commands: readonly CommandSpec[] = [
  {
    name: 'start',
    summary: 'Start the supervisor',
    details:
      'Runs it in this terminal until Ctrl-C, or with --detach in the background. Where one runs already, that is said and all is well.',
    options: {
      headless: {
        value: null,
        summary: 'Without tray and window; the status page is in the browser',
      },
      detach: { value: null, short: 'd', summary: 'In the background; returns when it answers' },
      hidden: { value: null, summary: 'In the tray without showing the window' },
      debug: { value: null, summary: 'Log everything' },
      timeout,
    },
    examples: ['start --detach', 'start --headless --config ./supervisor.toml'],
    run: async (...call) => (await import('./start.ts')).start(...call),
  },
  {
    name: 'run',
    summary: 'Run the supervisor in this terminal, without a desktop',
    details:
      'Until Ctrl-C or SIGTERM; the status page is in the browser (`open`). It is what a container or a service manager runs.',
    options: { debug: { value: null, summary: 'Log everything' } },
    examples: ['run', 'run --config ./supervisor.toml'],
    run: async (...call) => (await import('./start.ts')).runInForeground(...call),
  },
  {
    name: 'stop',
    summary: 'Stop the supervisor and all its services',
    details: 'Waits until the last process is gone. That none runs is success, too.',
    options: { 'no-wait': noWait, timeout },
    run: async (...call) => (await import('./stop.ts')).stop(...call),
  },
  {
    name: 'status',
    summary: 'Show what runs',
    options: {
      watch: { value: null, short: 'w', summary: 'Keep showing it until Ctrl-C' },
      names: { value: null, summary: 'Print only the names of the services' },
    },
    examples: ['status', 'status --watch', 'status --json | jq .services[].state'],
    run: async (...call) => (await import('./status.ts')).status(...call),
  },
  {
    name: 'restart',
    summary: 'Restart a service and wait until it is ready',
    ...changeState,
    examples: ['restart dashboard'],
    run: async (...call) => (await import('./services.ts')).restart(...call),
  },
  {
    name: 'service start',
    summary: 'Start a service',
    ...changeState,
    run: async (...call) => (await import('./services.ts')).start(...call),
  },
  {
    name: 'service stop',
    summary: 'Stop a service',
    ...changeState,
    run: async (...call) => (await import('./services.ts')).stop(...call),
  },
  {
    name: 'service restart',
    summary: 'Restart a service, as `restart` does',
    ...changeState,
    run: async (...call) => (await import('./services.ts')).restart(...call),
  },
  {
    name: 'service install',
    summary: 'Have the system start the supervisor at log-in, without a desktop',
    details:
      'A systemd user unit, a launchd agent or a Windows task, for this user and configuration. A file that was changed by hand is kept. It may be repeated after an update or with another Node.',
    options: {
      print: { value: null, summary: 'Only print the file; change nothing' },
      force,
    },
    examples: ['service install --print', 'service install --config ./supervisor.toml'],
    run: async (...call) => (await import('./login-service.ts')).install(...call),
  },
  {
    name: 'service remove',
    summary: 'Have the system start the supervisor no more, and stop the one it started',
    options: { force },
    run: async (...call) => (await import('./login-service.ts')).remove(...call),
  },
  {
    name: 'service status',
    summary: 'Say whether the system starts the supervisor at log-in, and how',
    options: { print: { value: null, summary: 'Print the file as it is' } },
    run: async (...call) => (await import('./login-service.ts')).status(...call),
  },
  {
    name: 'logs',
    summary: 'Print what a service printed',
    arguments: [service],
    options: {
      follow: { value: null, short: 'f', summary: 'Go on with what it prints from now on' },
      lines: { value: 'N', short: 'n', summary: 'So many of the newest lines; 200 unless told' },
      timestamps: { value: null, short: 't', summary: 'Say when each line was printed' },
    },
    examples: ['logs mcp -f', 'logs dashboard -n 20 --timestamps'],
    run: async (...call) => (await import('./logs.ts')).logs(...call),
  },
  {
    name: 'events',
    summary: 'Print data-change events',
    details:
      'Without --follow and --since: the newest ones. Events that cannot be had any more are told as a gap, on standard error or as {"gap":…}.',
    options: {
      types: {
        value: 'LIST',
        summary: `Only these, separated by commas: ${eventTypes.join(', ')}`,
        completes: 'event types',
      },
      workspace: { value: 'ID', summary: 'Only those of a workspace' },
      plan: { value: 'ID', summary: 'Only those of a plan' },
      follow: { value: null, short: 'f', summary: 'Go on with what happens from now on' },
      since: { value: 'ID', summary: 'Everything behind the event with this number' },
    },
    examples: ['events -f', 'events --types plan_created,step_changed -f', 'events --since 1200'],
    run: async (...call) => (await import('./events.ts')).events(...call),
  },
  {
    name: 'sessions',
    summary: 'List the MCP sessions',
    run: async (context) => (await import('./lists.ts')).sessions(context),
  },
  {
    name: 'clients',
    summary: 'List the attached windows and their sessions',
    run: async (context) => (await import('./lists.ts')).clients(context),
  },
  {
    name: 'upgrade',
    summary: 'Replace every MCP instance by a new process, without breaking a session',
    arguments: [mcpService],
    options: { 'no-wait': noWait, timeout },
    run: async (...call) => (await import('./pool.ts')).upgrade(...call),
  },
  {
    name: 'scale-up',
    summary: 'Start one more MCP instance',
    arguments: [mcpService],
    run: async (...call) => (await import('./pool.ts')).scaleUp(...call),
  },
  {
    name: 'emit-test',
    summary: 'Send a test event to all subscribers',
    arguments: [{ name: 'TEXT', summary: 'Its message', required: false }],
    run: async (...call) => (await import('./pool.ts')).emitTest(...call),
  },
  {
    name: 'config path',
    summary: 'Print where the configuration is',
    run: async (context) => (await import('./config-file.ts')).path(context),
  },
  {
    name: 'config check',
    summary: 'Say what is wrong with a configuration',
    details:
      'Prints FILE:LINE:COLUMN: error: MESSAGE for each problem and ends with 1 when there is an error. Needs no running supervisor.',
    arguments: [
      {
        name: 'FILE',
        summary: 'The file; by default the configuration itself, - for standard input',
        required: false,
        completes: 'files',
      },
    ],
    run: async (...call) => (await import('./config-file.ts')).check(...call),
  },
  {
    name: 'config show',
    summary: 'Print the configuration file',
    run: async (context) => (await import('./config-file.ts')).show(context),
  },
  {
    name: 'config edit',
    summary: 'Edit the configuration in $VISUAL or $EDITOR',
    details:
      'Works on a copy. What is valid is saved and, where the supervisor runs, applied at once; what is not can be corrected or dropped.',
    run: async (context) => (await import('./config-edit.ts')).edit(context),
  },
  {
    name: 'config import',
    summary: 'Take over MCP servers from Claude, VS Code or Cursor',
    details:
      'Adds a [[servers]] block for each server that is started by a command. Names that exist already are skipped; nothing else in the file is touched.',
    arguments: [
      {
        name: 'FILE',
        summary: 'An mcp.json; by default all that are found in the usual places',
        required: false,
        completes: 'files',
      },
    ],
    options: {
      from: {
        value: 'PROGRAM',
        summary: 'Look only where this program keeps its servers',
        choices: ['claude', 'vscode', 'cursor'],
      },
      'dry-run': { value: null, summary: 'Only print what would be added' },
    },
    examples: ['config import --from cursor --dry-run', 'config import ./.vscode/mcp.json'],
    run: async (...call) => (await import('./config-import.ts')).importServers(...call),
  },
  {
    name: 'doctor',
    summary: 'Look for what may be wrong, and say how to cure it',
    run: async (context) => (await import('./doctor.ts')).doctor(context),
  },
  {
    name: 'open',
    summary: 'Open the status page in the browser',
    options: { print: { value: null, summary: 'Only print its address, with the token' } },
    run: async (...call) => (await import('./open.ts')).open(...call),
  },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    arguments: [
      {
        name: 'SHELL',
        summary: 'Which shell',
        required: true,
        choices: ['bash', 'zsh', 'fish', 'powershell'],
      },
    ],
    examples: [
      'completion bash > ~/.local/share/bash-completion/completions/pm-supervisor',
      'completion zsh > "$fpath[1]/_pm-supervisor"',
      'completion fish > ~/.config/fish/completions/pm-supervisor.fish',
      'completion powershell >> $PROFILE',
    ],
    run: async (...call) => (await import('./completion.ts')).completion(...call),
  },
];
