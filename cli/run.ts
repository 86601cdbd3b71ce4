/** One call of the command line, from its arguments to its exit code. */
import { SupervisorClient } from '../client/supervisor-client.ts';
import { SupervisorError } from '../client/supervisor-error.ts';
import { CodedError, messageOf } from '../shared/errors.ts';
import type { Context } from './command.ts';
import { CommandError, type ExitName, exitCodes, UsageError } from './exit-codes.ts';
import { commandHelp, programHelp, programName } from './help.ts';
import { Output, type Stream } from './output.ts';
import { type Call, parseCall } from './parse.ts';
import { accessToken } from './token.ts';

export interface World {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Ctrl-C, or whatever else asks this program to end. */
  readonly signal: AbortSignal;
  readonly version: string;
}

/** Resolves with the exit code; whatever goes wrong has been said by then. */
export async function run(argv: readonly string[], world: World): Promise<number> {
  // Read from the raw arguments too: a complaint about them is still JSON where JSON was asked for.
  const out = new Output({ ...world, json: argv.includes('--json') });
  let client: SupervisorClient | null = null;
  try {
    const call = parseCall(argv);
    const context: Context = {
      ...world,
      out,
      configOption: call.configOption,
      client: () => {
        client ??= clientOf(call, world);
        return client;
      },
    };
    return exitCodes[await obey(call, context)].code;
  } catch (error) {
    return exitCodes[explain(error, out, world.signal)].code;
  } finally {
    (client as SupervisorClient | null)?.close();
  }
}

async function obey(call: Call, context: Context): Promise<ExitName> {
  const { command, input } = call;
  if (call.version) {
    context.out.result({ version: context.version }, () => context.version);
    return 'ok';
  }
  if (call.help) {
    context.out.print(command === null ? programHelp() : commandHelp(command));
    return 'ok';
  }
  if (command === null) {
    context.out.say(programHelp());
    return 'usage';
  }
  return await command.run(context, input);
}

function clientOf({ configOption }: Call, { env, cwd, version }: World): SupervisorClient {
  return new SupervisorClient({
    name: programName,
    version,
    env,
    ...(configOption !== null && { configPath: configOption }),
    token: () => accessToken(configOption, env, cwd),
  });
}

function explain(error: unknown, out: Output, signal: AbortSignal): ExitName {
  if (signal.aborted) return 'interrupted';
  const { exit, code, message } = verdict(error);
  if (out.json) out.printJson({ error: message, code });
  out.say(`${programName}: ${message}`);
  if (exit === 'usage') out.say(`"${programName} --help" says what there is.`);
  return exit;
}

interface Verdict {
  readonly exit: ExitName;
  readonly code: string;
  readonly message: string;
}

function verdict(error: unknown): Verdict {
  const message = messageOf(error);
  if (error instanceof UsageError) return { exit: 'usage', code: 'usage', message };
  if (error instanceof CommandError) return { exit: 'failed', code: 'failed', message };
  if (error instanceof CodedError) return { exit: 'failed', code: error.code, message };
  if (error instanceof SupervisorError) {
    const { code } = error;
    if (code === 'not_running') {
      const cure = `${message}\nStart it: ${programName} start --detach`;
      return { exit: 'not_running', code, message: cure };
    }
    return { exit: 'failed', code, message };
  }
  return { exit: 'failed', code: 'internal', message };
}
