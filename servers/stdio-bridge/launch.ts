/**
 * How the server's command is started on each system. Windows finds `npx` only as `npx.cmd`, and a .cmd
 * only runs in cmd.exe: without that it is ENOENT, with `npx.cmd` itself EINVAL (CVE-2024-27980), so
 * there everything but a program runs through `cmd.exe /d /s /c`, quoted for both readers of the line.
 */
import { CodedError } from '../../shared/errors.ts';

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** Windows: the line is quoted already. */
  readonly verbatim: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What `spawn` needs for the command; throws `bad_request` for what Windows cannot pass on. */
export function launchOf(
  command: string,
  args: readonly string[],
  platform: NodeJS.Platform,
  environment: Launch['environment'],
): Launch {
  if (platform !== 'win32' || /\.(?:exe|com)$/i.test(command)) {
    return { file: command, args, verbatim: false, environment };
  }
  // What a package manager put into node_modules/.bin hands its arguments on to a second line of cmd's.
  const readings = /node_modules[\\/]\.bin[\\/][^\\/]+(?:\.cmd)?$/i.test(command) ? 2 : 1;
  const words = [
    escapeForCmd(command.replaceAll('/', '\\')),
    ...args.map((arg) => quote(arg, readings)),
  ];
  return {
    file: environment['ComSpec'] ?? environment['COMSPEC'] ?? 'cmd.exe',
    args: ['/d', '/s', '/c', `"${words.join(' ')}"`],
    verbatim: true,
    environment,
  };
}

/** First for the program's own reader of arguments (MSVCRT), then for cmd's, as often as it reads. */
function quote(arg: string, readings: number): string {
  if (/[\r\n\0]/.test(arg)) {
    throw new CodedError(
      'bad_request',
      'An argument with a line break cannot be passed on Windows.',
    );
  }
  const forProgram = `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
  return Array.from({ length: readings }).reduce<string>(escapeForCmd, forProgram);
}

function escapeForCmd(text: string): string {
  return text.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}
