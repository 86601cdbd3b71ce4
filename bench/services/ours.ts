/** Our program as its user runs it: headless, with page, gateway and event journal; no MCP server. */

import type { ServiceStatus } from '../../shared/status.ts';
import { startSupervisor } from '../../test/harness.ts';
import { until } from '../../test/until.ts';
import { type Contestant, type Manager, nameOf, sleeper } from './manager.ts';

/** How long starting or stopping all may take, in ms. */
const timeoutMs = 60_000;

export const ours: Contestant = { name: 'ours', version: 'this one', open };

async function open(processes: number): Promise<Manager> {
  const names = Array.from({ length: processes }, (_each, index) => nameOf(index));
  const supervisor = await startSupervisor({
    settings: { mcp: { enabled: false, port: 0 }, dashboard: { enabled: false, port: 0 } },
    servers: names.map((name) => ({ name, ...sleeper })),
  });
  const { client } = supervisor;
  const all = async (type: 'Start' | 'Stop', state: ServiceStatus['state']) => {
    await Promise.all(names.map((service) => client.send({ type, service })));
    await until(
      async () => {
        const { services } = await supervisor.snapshot();
        const sleepers = services.filter((each) => each.kind === 'server');
        return sleepers.every((each) => each.state === state);
      },
      { what: `all to be ${state}`, timeoutMs },
    );
  };
  return {
    pid: supervisor.process.pid,
    stopAll: () => all('Stop', 'stopped'),
    startAll: () => all('Start', 'ready'),
    status: async () => {
      const states = await client.send({ type: 'Status' });
      if (!Array.isArray(states) || states.length < processes) throw new Error('too few states');
    },
    [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose](),
  };
}
