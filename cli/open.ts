/**
 * `pm-supervisor open`: the status page in the browser. The token must not stand on the browser's command
 * line, which other users of the machine can read; so the browser opens a file that only its user can
 * read, and that leads on to the page.
 */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { thisMachine } from '../client/addresses.ts';
import { runtimeFile } from '../main/supervisor/config/control-address.ts';
import type { Context, Input } from './command.ts';
import { CommandError, type ExitName } from './exit-codes.ts';
import { accessToken, configFile } from './token.ts';

export async function open(context: Context, input: Input): Promise<ExitName> {
  const { out, configOption, env, cwd } = context;
  const supervisor = await context.client().connect();
  if (supervisor.page_url === null) {
    throw new CommandError('The status page is off ([gui_server] enabled in the configuration).');
  }
  const token = await accessToken(configOption, env, cwd);
  const address = new URL(supervisor.page_url);
  if (token !== null) address.searchParams.set('token', token);
  const command = input.flag('print') || out.json ? null : browserCommand(context);
  if (command === null) {
    out.result({ url: address.href }, () => address.href);
    return 'ok';
  }
  const file = runtimeFile('open.html', configFile(configOption, env, cwd), thisMachine(env));
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, redirectPage(address.href), { mode: 0o600 });
  if (await launch(command, pathToFileURL(file).href, env)) {
    out.print(`Opened ${supervisor.page_url}`);
  } else {
    out.say('No browser could be opened. Open this address in one:');
    out.print(address.href);
  }
  return 'ok';
}

/** Null where there is no desktop to show a browser on. */
function browserCommand({ env }: Context): readonly string[] | null {
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open'] : null;
}

function launch(
  [program = '', ...args]: readonly string[],
  address: string,
  env: Context['env'],
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args, address], { stdio: 'ignore', env: { ...env } });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** No script, and no trace of where it came from. */
function redirectPage(address: string): string {
  const quoted = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${quoted}">
<title>Project Memory Supervisor</title>
<a href="${quoted}">Open the status page</a>
`;
}
