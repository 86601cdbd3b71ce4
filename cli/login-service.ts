/**
 * `pm-supervisor service install|remove|status`: the system starts the supervisor at log-in, headless. What
 * stands in a file that a person changed, or that another program wrote, is never lost: both commands
 * refuse it unless `--force` is given.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { thisMachine } from '../client/addresses.ts';
import {
  judgeAutostart,
  type LoginService,
  loginServiceOf,
  lookAtAutostart,
  wantsLink,
} from '../main/supervisor/config/autostart.ts';
import { dataFolder } from '../main/supervisor/config/config-path.ts';
import { codeOf, replaceBytes } from '../main/supervisor/config/write-file.ts';
import { CodedError, messageOf } from '../shared/errors.ts';
import type { Context, Input } from './command.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import { programName } from './help.ts';
import { commandLineProgram, supervisorProgram } from './program.ts';
import { registration, removal, take, typed } from './service-manager.ts';
import { commandForm, type Ownership, ownershipOf, serviceText } from './service-text.ts';
import { whoRuns } from './start.ts';
import { configFile } from './token.ts';

/**
 * What a service needs of the user's environment: PATH to find `npx`, `uvx` and other commands of the
 * configuration, the others to find the same files as the command line does.
 */
const handedOn = ['PATH', 'PM_DATA_ROOT', 'XDG_DATA_HOME'] as const;

/** schtasks wants what the Task Scheduler itself writes: UTF-16 with this at its head. */
const byteOrderMark = '\uFEFF';

interface Plan {
  readonly service: LoginService;
  readonly configPath: string;
  readonly command: readonly [string, ...string[]];
  readonly uid: number;
}

export async function install(context: Context, input: Input): Promise<ExitName> {
  const { out, env } = context;
  const plan = planOf(context);
  const { service, uid } = plan;
  const { text, outputFile } = await textOf(context, plan);
  if (input.flag('print')) {
    out.result({ file: service.file, text }, () => text.trimEnd());
    return 'ok';
  }
  const present = await readService(service);
  if (!input.flag('force')) {
    refuseOthers(service, present);
    if (present === null) refuseUnknown(service, (await look(context, plan)).autostart.service);
  }
  try {
    if (service.system === 'launchd') await mkdir(dirname(outputFile), { recursive: true });
    await replaceBytes(service.file, encoded(service, text));
  } catch (error) {
    throw new CommandError(`${service.file} cannot be written: ${messageOf(error)}`);
  }
  const running = await whoRuns(context);
  const steps = registration(service, { startNow: running === null, uid });
  const failure = await take(steps, env);
  if (failure !== null) {
    throw new CommandError(
      `${service.file} is written, but it does not count yet: ${failure}\nWhen that is mended:\n${steps.map((step) => `  ${typed(step)}`).join('\n')}`,
    );
  }
  const { autostart, verdict } = await look(context, plan);
  out.result({ ...service, autostart, running: running?.pid ?? null }, () => [
    `It starts at your log-in from now on (${service.file}).`,
    running === null
      ? `It was started just now; "${programName} status" shows how it is.`
      : `One runs already (process ${running.pid}, ${running.mode}) and goes on; the file counts from your next log-in, or after "${programName} stop".`,
    ...(service.system === 'systemd'
      ? ['It ends when you log out; to have it run always: loginctl enable-linger']
      : []),
  ]);
  if (verdict.cure !== null) out.say(`${verdict.message}\n→ ${verdict.cure}`);
  return 'ok';
}

export async function remove(context: Context, input: Input): Promise<ExitName> {
  const { out, env } = context;
  const { service, uid } = planOf(context);
  const present = await readService(service);
  if (present === null) {
    out.result({ ...service, removed: false }, () => `There is none (${service.file}).`);
    return 'ok';
  }
  const isForced = input.flag('force');
  if (!isForced) refuseOthers(service, present);
  const { before, after } = removal(service, { uid });
  const failure = await take(before, env);
  if (failure !== null && service.system === 'task' && !isForced) {
    // The Task Scheduler has a copy of its own: without the file nobody would know whose it is.
    throw new CommandError(
      `The task "${service.name}" could not be deleted: ${failure}\nWith --force, ${service.file} is taken away all the same.`,
    );
  }
  await rm(service.file, { force: true });
  if (service.system === 'systemd') {
    await rm(wantsLink(thisMachine(env), service.name), { force: true });
  }
  const late = failure ?? (await take(after, env));
  if (late !== null) {
    throw new CommandError(
      `${service.file} is gone, but systemd could not be told: ${late}\nWhat it started may still run: ${programName} stop\nWhen that is mended:\n${after.map((step) => `  ${typed(step)}`).join('\n')}`,
    );
  }
  out.result({ ...service, removed: true }, () => [
    `It does not start at your log-in any more; ${service.file} is gone.`,
    // The task ends as soon as the supervisor runs by itself.
    ...(service.system === 'task' ? [`What runs now goes on: ${programName} stop`] : []),
  ]);
  return 'ok';
}

export async function status(context: Context, input: Input): Promise<ExitName> {
  const { out } = context;
  const plan = planOf(context);
  const { service } = plan;
  const text = await readService(service);
  if (input.flag('print')) {
    if (text === null) throw new CommandError(`There is no ${service.file}.`);
    out.result({ file: service.file, text }, () => text.trimEnd());
    return 'ok';
  }
  const ownership = text === null ? null : ownershipOf(text);
  const startsThis = text?.includes(commandForm({ ...service, command: plan.command })) ?? false;
  const [{ autostart, verdict }, running] = await Promise.all([
    look(context, plan),
    whoRuns(context),
  ]);
  const result = { ...service, ownership, starts_this: startsThis, autostart };
  out.result({ ...result, running: running?.pid ?? null }, () => [
    `File:          ${service.file} (${ownershipWord(ownership)})`,
    `At log-in:     ${verdict.message}`,
    `Now:           ${running === null ? 'no supervisor runs' : `process ${running.pid}, ${running.mode}`}`,
  ]);
  const cures = verdict.cure === null ? [] : [verdict.cure];
  if (text !== null && autostart.service === null) {
    cures.push(
      `The file is there, but it does not count: "${programName} service install" enables it.`,
    );
  }
  if (text !== null && !startsThis) {
    cures.push(
      `The file starts another program, Node or configuration than this one: "${programName} service install" writes it anew.`,
    );
  }
  for (const cure of cures) out.say(`→ ${cure}`);
  return cures.length === 0 ? 'ok' : 'not_well';
}

function planOf({ configOption, env, cwd }: Context): Plan {
  const machine = thisMachine(env);
  const configPath = configFile(configOption, env, cwd);
  const service = loginServiceOf(machine, configPath);
  const config = ['--config', configPath];
  const { node, args } = supervisorProgram({ headless: true });
  return {
    service,
    configPath,
    command:
      service.system === 'task'
        ? // In the foreground, node.exe would have a console window on the desktop all day.
          [node, commandLineProgram(), 'start', '--headless', '--detach', ...config]
        : [node, ...args, ...config],
    uid: process.getuid?.() ?? 0,
  };
}

async function textOf(
  context: Context,
  { service, configPath, command }: Plan,
): Promise<{ readonly text: string; readonly outputFile: string }> {
  const { env } = context;
  const machine = thisMachine(env);
  const config = await configOf(configPath);
  const folder = dataFolder(config, { ...machine, configPath });
  const outputFile = join(folder, 'logs', 'service.log');
  const environment = Object.fromEntries(
    handedOn.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === '' ? [] : [[name, value] as const];
    }),
  );
  const domain = env['USERDOMAIN'];
  const { username } = userInfo();
  const user = domain === undefined ? username : `${domain}\\${username}`;
  return {
    text: serviceText({ ...service, command, environment, outputFile, user }),
    outputFile,
  };
}

async function look(context: Context, { configPath }: Plan) {
  const config = await configOf(configPath);
  const autostart = await lookAtAutostart({
    machine: thisMachine(context.env),
    configPath,
    wantsLoginItem: config?.desktop.login_item ?? false,
  });
  return { autostart, verdict: judgeAutostart(autostart) };
}

/** Null while the file has errors: then the usual places count. */
async function configOf(path: string) {
  const { loadConfig } = await import('../main/supervisor/config/load-config.ts');
  return (await loadConfig(path)).config;
}

/** The file's text; null where there is none. */
async function readService({ file, system }: LoginService): Promise<string | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new CommandError(`${file} cannot be read: ${messageOf(error)}`);
  }
  return bytes.toString(system === 'task' ? 'utf16le' : 'utf8').replace(byteOrderMark, '');
}

function encoded({ system }: LoginService, text: string): Uint8Array {
  return system === 'task' ? Buffer.from(`${byteOrderMark}${text}`, 'utf16le') : Buffer.from(text);
}

/** Throws `file_conflict` for a file that is not as this program wrote it. */
function refuseOthers({ system, file, name }: LoginService, text: string | null): void {
  if (text === null) return;
  const ownership = ownershipOf(text);
  if (ownership === 'ours') return;
  const cure =
    system === 'systemd' && ownership === 'edited'
      ? `Move the changes into a drop-in (systemctl --user edit ${name}), then repeat this with --force.`
      : 'Move it away, or repeat this with --force.';
  throw new CodedError(
    'file_conflict',
    `${file} ${ownershipWord(ownership)}; it is left as it is. ${cure}`,
  );
}

/** The Task Scheduler may know a task of that name that is not from here. */
function refuseUnknown({ name }: LoginService, seen: string | null): void {
  if (seen === null) return;
  throw new CodedError(
    'file_conflict',
    `There is a service "${name}" already that ${programName} did not make (${seen}). Look at it, then repeat this with --force to replace it.`,
  );
}

function ownershipWord(ownership: Ownership | null): string {
  if (ownership === null) return 'not there';
  if (ownership === 'ours') return `as ${programName} wrote it`;
  return ownership === 'edited'
    ? `was changed since ${programName} wrote it`
    : `was not written by ${programName}`;
}
