/** The services that faults are done to, and questions that many of them ask. */
import { readFile } from 'node:fs/promises';
import type { ServiceStatus, StatusSnapshot } from '../shared/status.ts';
import type { RunningSupervisor, Settings, SupervisorProcess } from '../test/harness.ts';
import { heldBytes } from '../test/held-memory.ts';
import { until } from '../test/until.ts';

/** No pool, no dashboard: starts within moments. */
export const bare: Settings = {
  mcp: { port: 0, enabled: false },
  dashboard: { port: 0, enabled: false },
  interactive_terminal: { enabled: false },
};

/** A program of one line for Node. */
export function script(name: string, source: string, more: object = {}) {
  return { name, command: process.execPath, args: ['-e', source], ...more };
}

/** Does nothing, for ever. */
export const sleeper = (name: string, more: object = {}) =>
  script(name, 'setInterval(() => {}, 1e6)', more);

/** A web server, asked often whether it is well, and restarted after three misses. */
export const webServer = (name: string, port: number, more: object = {}) =>
  script(
    name,
    `require('node:http').createServer((_, response) => response.end('ok')).listen(${port}, '127.0.0.1')`,
    // A process that hangs still takes connections; only an answer tells that it is well.
    { port, readiness_http: '/', liveness_period_ms: 200, liveness_timeout_ms: 1_000, ...more },
  );

/** Throws when there is no such service. */
export function serviceIn({ services }: StatusSnapshot, name: string): ServiceStatus {
  const found = services.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
}

export const isReady = (name: string) => (snapshot: StatusSnapshot) =>
  serviceIn(snapshot, name).state === 'ready';

/** The process of each service and instance that has one, by its name. */
export function processesIn({ services, instances }: StatusSnapshot): Record<string, number> {
  const all = [...services, ...instances];
  return Object.fromEntries(all.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid]])));
}

/** Publishes an event and tells its id. */
export async function emit(supervisor: RunningSupervisor, message: string): Promise<number> {
  const { id } = await supervisor.control<'EmitTestEvent'>({ type: 'EmitTestEvent', message });
  return id;
}

/** Resident memory of a process now, in MB (Linux). */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1_024);
}

/** What a supervisor that was started with `inspectFlag` holds, garbage not counted, in MB. */
export async function heldMb(supervisor: RunningSupervisor): Promise<number> {
  return Math.round((await heldBytes(supervisor.output())) / 1_024 / 1_024);
}

/** The longest wait is for one that runs and does not answer. */
const startEndsMs = 30_000;

/** The exit code of a start that is to be refused; throws when it runs instead. */
export async function refusal(started: SupervisorProcess): Promise<number | NodeJS.Signals> {
  const runs = () => started.output().includes('MCP for your clients:');
  await until(() => !started.isRunning || runs(), {
    what: 'the end of a start',
    timeoutMs: startEndsMs,
    instead: () => started.output(),
  });
  if (runs()) throw new Error(`it started all the same:\n${started.output()}`);
  return await started.exited;
}

/** How often the text is in the other one. */
export function timesIn(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Milliseconds that the work took, rounded. */
export async function took(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return Math.round(performance.now() - since);
}
