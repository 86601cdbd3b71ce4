/** Who is asked: our program as its user runs it, and a bare server. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlAddress } from '../../test/control-client.ts';
import { startSupervisor } from '../../test/harness.ts';
import { nameOf, sleeper } from '../services/manager.ts';

export type ContestantName = 'ours' | 'ours, TCP' | 'ours, 100 services' | 'bare';

/** A server that runs. */
export interface Running extends AsyncDisposable {
  readonly addresses: ReadonlyMap<ContestantName, ControlAddress>;
}

export async function startBare(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'pm-bench-control-'));
  const path = join(folder, 'bare.sock');
  const child = fork(join(import.meta.dirname, 'bare-server.ts'), [path]);
  await once(child, 'message');
  return {
    addresses: new Map([['bare', path]]),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** With page, gateway and journal, without MCP servers. */
export async function startOurs(services: number): Promise<Running> {
  const supervisor = await startSupervisor({
    settings: { mcp: { enabled: false, port: 0 }, dashboard: { enabled: false, port: 0 } },
    servers: Array.from({ length: services }, (_each, index) => ({
      name: nameOf(index),
      ...sleeper,
    })),
  });
  const { control_socket, services: ports } = supervisor.ports;
  const addresses: [ContestantName, ControlAddress][] =
    services > 0
      ? [['ours, 100 services', control_socket]]
      : [
          ['ours', control_socket],
          ['ours, TCP', ports['control_tcp'] ?? 0],
        ];
  return {
    addresses: new Map(addresses),
    [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose](),
  };
}
