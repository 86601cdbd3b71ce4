/**
 * What both hosts do before there is a supervisor: read the command line and the configuration, see
 * whether one runs already, then start it. A broken configuration never takes services down: the last
 * good one runs and everybody is told; without one, the doors open alone and show what is wrong.
 */
import { existsSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { type Config, defaultConfig } from '../shared/config-schema.ts';
import { CodedError, messageOf } from '../shared/errors.ts';
import type { ConfigStatus } from '../shared/status.ts';
import { type CommandLine, helpText, readCommandLine } from './command-line.ts';
import { becomeTheOnly } from './running-supervisor.ts';
import { configPath, dataFolder, resolveFolder } from './supervisor/config/config-path.ts';
import {
  controlAddress,
  familyOf,
  type RuntimeMachine,
  runtimeFile,
} from './supervisor/config/control-address.ts';
import { loadToken } from './supervisor/config/control-token.ts';
import { writeDefaultConfig } from './supervisor/config/default-config.ts';
import { formatProblem } from './supervisor/config/format-problem.ts';
import { ConfigHistory } from './supervisor/config/history.ts';
import { type LastGoodPlace, loadLastGood, saveLastGood } from './supervisor/config/last-good.ts';
import { loadConfig, usableSections } from './supervisor/config/load-config.ts';
import type { BundledPrograms } from './supervisor/launches.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { createLogger, type Logger } from './supervisor/telemetry/logger.ts';

/** What the supervisor wants of the program that hosts it. */
export interface Host {
  readonly mode: 'desktop' | 'headless';
  /** Somebody (a second start, a control request) wants to see or hide the window. */
  setWindowVisible(visible: boolean): void;
  /** The supervisor was asked to shut down; the host stops it and ends. */
  quit(): void;
}

export type Boot =
  | {
      readonly kind: 'running';
      readonly supervisor: Supervisor;
      readonly logger: Logger;
      /** The status page with its token; null while the page is off. */
      readonly pageUrl: string | null;
      readonly options: CommandLine;
    }
  | { readonly kind: 'exit'; readonly code: number };

const done: Boot = { kind: 'exit', code: 0 };
const failed: Boot = { kind: 'exit', code: 1 };

/** Never throws for what a user can cause: it says so on standard error and tells the exit code. */
export async function boot(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  host: Host,
): Promise<Boot> {
  const options = readCommandLine(args);
  if (typeof options === 'string') return complain(`${options}\n\n${helpText}`);
  if (options.help) return say(helpText);
  if (options.version) return say(`${packageJson.version}\n`);

  const machine: RuntimeMachine = {
    env,
    platform: process.platform,
    homedir: homedir(),
    tmpdir: tmpdir(),
    uid: userInfo().uid,
  };
  const path = configPath({ ...machine, option: options.config, cwd: process.cwd() });
  if (options.checkConfig) return await checkConfig(path);
  if (await writeDefaultConfig(path))
    process.stderr.write(`Wrote a first configuration: ${path}\n`);

  // Where it is kept what a broken file cannot tell.
  const kept = { dataFolder: dataFolder(null, { ...machine, configPath: path }), configPath: path };
  const { config, status } = await chooseConfig(kept);
  const socketPath = controlAddress(config, path, machine);
  const dataDir = dataFolder(config, { ...machine, configPath: path });
  const tokenFile = join(dataDir, 'control-token');
  let token: string;
  try {
    token = config.auth.api_key ?? (await loadToken(tokenFile));
  } catch (error) {
    return complain(`The token cannot be kept in ${tokenFile}: ${messageOf(error)}\n`);
  }
  let place: Awaited<ReturnType<typeof becomeTheOnly>>;
  try {
    place = await becomeTheOnly({ lockPath: runtimeFile('lock', path, machine), socketPath });
  } catch (error) {
    return complain(`The supervisor cannot start: ${messageOf(error)}\n`);
  }
  if (place.kind === 'taken') {
    const { page_url, pid, mode } = place.by;
    const page = page_url === null ? 'off' : `${page_url}?token=${encodeURIComponent(token)}`;
    return say(
      `The supervisor runs already (process ${pid}, ${mode}).\nStatus page:           ${page}\n`,
    );
  }
  const logger = createLogger(
    options.debug ? 'debug' : config.supervisor.log_level,
    join(dataDir, 'logs', 'supervisor.log'),
  );
  const bundled = bundledPrograms(env, host.mode);
  const supervisor = new Supervisor({
    context: {
      config,
      bundled,
      dataDir,
      env: environmentOfServices(env),
      folder: (workingDir) => resolveFolder(workingDir, { ...machine, configPath: path }),
    },
    configStatus: status,
    configHistory: new ConfigHistory(kept),
    saveLastGood: (text) => saveLastGood(kept, text),
    version: packageJson.version,
    mode: host.mode,
    family: familyOf(path),
    socketPath,
    token,
    loadToken: () => loadToken(tokenFile),
    setLogLevel: (level) => {
      if (!options.debug) logger.level = level;
    },
    pageFolder: join(bundled.folder, 'renderer'),
    logger,
    setWindowVisible: (visible) => host.setWindowVisible(visible),
    onShutdownRequest: () => host.quit(),
  });
  try {
    await supervisor.start();
  } catch (error) {
    // Whatever has begun must not live on behind a sentence that says it did not.
    await supervisor.stop('it could not start');
    return complain(`The supervisor cannot start: ${messageOf(error)}\n`);
  }
  return { kind: 'running', supervisor, logger, pageUrl: supervisor.loginUrl, options };
}

function say(text: string): Boot {
  process.stdout.write(text);
  return done;
}

function complain(text: string): Boot {
  process.stderr.write(text);
  return failed;
}

async function checkConfig(path: string): Promise<Boot> {
  const { config, problems } = await loadConfig(path);
  for (const problem of problems) process.stdout.write(`${formatProblem(path, problem)}\n`);
  if (config === null) return failed;
  return say(`${path}: valid\n`);
}

/** The file's configuration, else the last good one, else one that starts no service. */
async function chooseConfig(
  place: LastGoodPlace,
): Promise<{ config: Config; status: ConfigStatus }> {
  const { configPath: path } = place;
  const { config, problems, text, hash } = await loadConfig(path);
  const tell = (line: string) => process.stderr.write(`${line}\n`);
  for (const problem of problems) tell(formatProblem(path, problem));
  if (config !== null) {
    if (text !== null) await saveLastGood(place, text);
    return { config, status: { path, running: 'file', problems, hash } };
  }
  const lastGood = await loadLastGood(place);
  if (lastGood?.config) {
    tell('The configuration has errors. Running on the last one that was valid; correct the file.');
    return { config: lastGood.config, status: { path, running: 'last_good', problems, hash } };
  }
  tell('The configuration has errors. No service is started until the file is correct.');
  return { config: nothingRuns(text), status: { path, running: 'none', problems, hash } };
}

/** The doors open where the file says, as far as it can be understood, and show what is wrong. */
function nothingRuns(text: string | null): Config {
  const usable = text === null ? defaultConfig : usableSections(text);
  return {
    ...usable,
    // Nothing is behind the gateway: that its port is taken must not keep the page from opening.
    mcp: { ...usable.mcp, enabled: false, port: 0 },
    dashboard: { ...usable.dashboard, enabled: false },
    fallback_api: { ...usable.fallback_api, enabled: false },
    interactive_terminal: { ...usable.interactive_terminal, enabled: false },
    servers: [],
  };
}

function bundledPrograms(
  env: NodeJS.ProcessEnv,
  mode: Host['mode'],
): BundledPrograms & { readonly folder: string } {
  const folder = builtFolder();
  return {
    folder,
    // In Electron, execPath is Electron; the launcher says where the project's Node is.
    node: env['PM_SUPERVISOR_NODE'] ?? (mode === 'headless' ? process.execPath : 'node'),
    memoryServer: join(folder, 'servers', 'memory.js'),
    dashboard: join(folder, 'servers', 'dashboard.js'),
    stdioBridge: join(folder, 'servers', 'stdio-bridge.js'),
    journalThread: join(folder, 'main', 'journal-thread.js'),
  };
}

/** `out/`: above this file when it is built, beside its folder when it runs from the sources. */
function builtFolder(): string {
  let folder = import.meta.dirname;
  while (folder !== dirname(folder)) {
    for (const candidate of [folder, join(folder, 'out')]) {
      if (existsSync(join(candidate, 'servers', 'memory.js'))) return candidate;
    }
    folder = dirname(folder);
  }
  throw new CodedError('not_found', 'The bundled servers are missing. Run "npm run build".');
}

/** Services inherit the user's environment, without what was meant for the supervisor alone. */
function environmentOfServices(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PM_SUPERVISOR_READY_FILE: _ready, PM_SUPERVISOR_NODE: _node, ...rest } = env;
  return rest;
}
