import { parseArgs } from 'node:util';
import { messageOf } from '../shared/errors.ts';

export interface CommandLine {
  readonly config: string | null;
  readonly debug: boolean;
  readonly headless: boolean;
  /** Start without showing the window. */
  readonly hidden: boolean;
  readonly checkConfig: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

export const helpText = `Usage: npm start -- [options]

Keeps MCP servers and their dashboard running, once, for all AI clients of this machine.

  --config FILE    the configuration (default: supervisor.toml in ~/.config/ProjectMemory,
                   on Windows in %APPDATA%\\ProjectMemory); PM_SUPERVISOR_CONFIG does the same
  --headless       run without tray and window; the status page is then in the browser
  --hidden         start in the tray without showing the window
  --check-config   say what is wrong with the configuration and exit: 0 valid, 1 not
  --debug          log everything
  --version        print the version
  --help           print this text
`;

/** Reads the arguments; a string is the complaint about them. */
export function readCommandLine(args: readonly string[]): CommandLine | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        debug: { type: 'boolean', default: false },
        headless: { type: 'boolean', default: false },
        hidden: { type: 'boolean', default: false },
        'check-config': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
      },
    });
    const { config, 'check-config': checkConfig, ...flags } = values;
    if (config?.trim() === '') return "Option '--config <value>' needs the name of a file";
    return { ...flags, checkConfig, config: config ?? null };
  } catch (error) {
    return messageOf(error);
  }
}
