/** HAProxy and nginx, where they are installed: one process and one thread each, set up as MCP needs it. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxVersion, prepareNginx, whyNoNginx } from '../kit/nginx.ts';

const haproxy = '/usr/sbin/haproxy';

export type ProxyName = 'haproxy' | 'nginx';

export interface ProxyCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Why it cannot take part; null when it can. */
export function whyNot(name: ProxyName): string | null {
  if (name === 'nginx') return whyNoNginx();
  return existsSync(haproxy) ? null : `${haproxy} is not installed`;
}

/** What it says of itself, for the head of the tables. */
export function proxyVersion(name: ProxyName): string {
  if (name === 'nginx') return nginxVersion();
  try {
    const text = execFileSync(haproxy, ['-v'], { encoding: 'utf8' });
    return `haproxy ${/\d+\.\d+[\w.+~-]*/.exec(text)?.[0] ?? 'of an unknown version'}`;
  } catch {
    return 'haproxy of an unknown version';
  }
}

/** Writes its configuration into `folder`. */
export function prepareProxy(
  name: ProxyName,
  folder: string,
  port: number,
  upstreamPort: number,
): ProxyCommand {
  if (name === 'nginx') return prepareNginx(folder, { http: nginxBlocks(port, upstreamPort) });
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, haproxyConfig(port, upstreamPort));
  return { command: haproxy, args: ['-q', '-f', file] };
}

/** Sessions are learned from the answers, as with several servers. */
function haproxyConfig(port: number, upstreamPort: number): string {
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  http-reuse always
frontend mcp
  bind 127.0.0.1:${port}
  default_backend instances
backend instances
  stick-table type string len 64 size 100k expire 1h
  stick on req.hdr(mcp-session-id)
  stick store-response res.hdr(mcp-session-id)
  http-request set-header Host 127.0.0.1:${upstreamPort}
  server one 127.0.0.1:${upstreamPort}
`;
}

function nginxBlocks(port: number, upstreamPort: number): string {
  return `  upstream instances {
    hash $http_mcp_session_id consistent;
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 16m;
    location / {
      proxy_pass http://instances;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host 127.0.0.1:${upstreamPort};
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
    }
  }
`;
}
