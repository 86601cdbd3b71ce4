/** nginx with nchan, where it is installed: one process, so that its CPU time is that of one contestant. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/free-port.ts';

const program = '/usr/sbin/nginx';
const modulePaths = [
  '/usr/lib/nginx/modules/ngx_nchan_module.so',
  '/usr/lib64/nginx/modules/ngx_nchan_module.so',
  '/usr/share/nginx/modules/ngx_nchan_module.so',
];

export interface NchanCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
}

/** Why it cannot take part; null when it can. */
export function whyNoNchan(): string | null {
  if (!existsSync(program)) return `${program} is not installed`;
  if (!modulePaths.some(existsSync)) return 'the nchan module of nginx is not installed';
  return null;
}

export function nchanVersion(): string {
  // nginx writes its version to standard error; a failing call shows in the head as unknown.
  try {
    return execFileSync('sh', ['-c', `${program} -v 2>&1`], { encoding: 'utf8' })
      .trim()
      .replace(/^.*: /, '');
  } catch {
    return 'nginx, version unknown';
  }
}

/** Writes its configuration into `folder`; streams are at `/events`, publishing is `POST /publish`. */
export async function prepareNchan(folder: string): Promise<NchanCommand> {
  const port = await freePort();
  const prefix = join(folder, 'nginx');
  mkdirSync(prefix);
  const file = join(prefix, 'nginx.conf');
  writeFileSync(file, configuration(port, modulePaths.find(existsSync) ?? ''));
  return { command: program, args: ['-p', prefix, '-c', file, '-e', 'stderr'], port };
}

function configuration(port: number, modulePath: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${name};`)
    .join('\n');
  return `load_module ${modulePath};
daemon off;
master_process off;
pid nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
${paths}
  server {
    listen 127.0.0.1:${port};
    location = /events {
      nchan_subscriber eventsource;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
    }
    location = /publish {
      nchan_publisher http;
      nchan_channel_id bench;
      nchan_message_buffer_length 1024;
      nchan_message_timeout 10m;
    }
  }
}
`;
}
