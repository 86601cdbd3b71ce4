/** nginx as a contestant: one process, so that its CPU time is that of one contestant. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const program = '/usr/sbin/nginx';

/** How it is started in the foreground. */
export interface NginxCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Why it cannot take part; null when it can. */
export function whyNoNginx(): string | null {
  return existsSync(program) ? null : `${program} is not installed`;
}

/** What it says of itself, for the head of the tables. */
export function nginxVersion(): string {
  try {
    // nginx writes its version to standard error.
    const text = execFileSync('sh', ['-c', `${program} -v 2>&1`], { encoding: 'utf8' });
    return `nginx ${/\d+\.\d+[\w.+~-]*/.exec(text)?.[0] ?? 'of an unknown version'}`;
  } catch {
    return 'nginx of an unknown version';
  }
}

/** Writes its configuration into a folder below `folder`; `http` is what stands in the block of that name. */
export function prepareNginx(
  folder: string,
  { http, modulePath }: { readonly http: string; readonly modulePath?: string },
): NginxCommand {
  const prefix = join(folder, 'nginx');
  mkdirSync(prefix);
  const file = join(prefix, 'nginx.conf');
  writeFileSync(file, configuration(http, modulePath));
  return { command: program, args: ['-p', prefix, '-c', file, '-e', 'stderr'] };
}

function configuration(http: string, modulePath: string | undefined): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${name};`)
    .join('\n');
  return `${modulePath === undefined ? '' : `load_module ${modulePath};\n`}daemon off;
master_process off;
pid nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
${paths}
${http}}
`;
}
