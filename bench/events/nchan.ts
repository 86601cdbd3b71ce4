/** nginx with nchan, where it is installed. */
import { existsSync } from 'node:fs';
import { freePort } from '../../test/free-port.ts';
import { type NginxCommand, prepareNginx, whyNoNginx } from '../kit/nginx.ts';

const modulePaths = [
  '/usr/lib/nginx/modules/ngx_nchan_module.so',
  '/usr/lib64/nginx/modules/ngx_nchan_module.so',
  '/usr/share/nginx/modules/ngx_nchan_module.so',
];

export interface NchanCommand extends NginxCommand {
  readonly port: number;
}

/** Why it cannot take part; null when it can. */
export function whyNoNchan(): string | null {
  const reason = whyNoNginx();
  if (reason !== null) return reason;
  return modulePaths.some(existsSync) ? null : 'the nchan module of nginx is not installed';
}

/** Writes its configuration into `folder`; streams are at `/events`, publishing is `POST /publish`. */
export async function prepareNchan(folder: string): Promise<NchanCommand> {
  const port = await freePort();
  const modulePath = modulePaths.find(existsSync) ?? '';
  return { ...prepareNginx(folder, { http: serverBlock(port), modulePath }), port };
}

function serverBlock(port: number): string {
  return `  server {
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
`;
}
