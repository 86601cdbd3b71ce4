/**
 * F2 and F6: a supervisor that slept (suspended laptop, SIGSTOP, frozen container) and a clock that was set
 * cause no restart. The supervisor is a process of its own here, so that it can be stopped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { AwakeTime, sleepToleranceMs } from './awake.ts';
import { RetryTimer } from './retry-timer.ts';

/** Longer than every limit of the services below. */
const sleptMs = 7_000;

let folder: string;
let victim: ChildProcess | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-sleep-'));
});

afterEach(async () => {
  vi.useRealTimers();
  victim?.kill('SIGCONT');
  victim?.kill('SIGTERM');
  if (victim && victim.exitCode === null)
    await new Promise((resolve) => victim?.once('exit', resolve));
  victim = null;
  await rm(folder, { recursive: true, force: true });
});

/** Supervises one service that answers, one that is slow to start and one in a back-off; prints transitions. */
async function startSupervisor(): Promise<{
  readonly child: ChildProcess;
  readonly said: string[];
}> {
  const source = (name: string) => JSON.stringify(join(import.meta.dirname, name));
  await writeFile(
    join(folder, 'supervisor.mts'),
    `
import { ServiceRig, httpServer } from ${source('service-rig.test-helper.ts')};
import { freePort } from ${source('../../../test/free-port.ts')};
const rig = await ServiceRig.create();
const onTransition = ({ service, to, reason }) => console.log(service + ' ' + to + ': ' + reason);
// A probe is under way nearly all the time, so that some are when we are stopped.
const liveness = { periodMs: 20, timeoutMs: 3_000, threshold: 1 };
const lively = \`
import { createServer } from 'node:http';
createServer((request, response) => setTimeout(() => response.end('ok'), 100)).listen(Number(process.env.PORT), '127.0.0.1');\`;
const answering = await rig.service(lively, { name: 'answering', liveness, onTransition }, await freePort());
const slow = await rig.service(
  "setTimeout(async () => { (await import('node:http')).createServer((_, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1'); }, 1500);",
  { name: 'slow', startTimeoutMs: 6_000, onTransition }, await freePort());
await answering.start();
void slow.start();
const timer = setInterval(() => {
  if (slow.status().pid === null) return;
  for (const each of [answering, slow]) console.log(each.name + ' is ' + each.status().pid);
}, 200);
process.once('SIGTERM', async () => { clearInterval(timer); await rig[Symbol.asyncDispose](); process.exit(0); });
console.log('up');
`,
  );
  const child = spawn(process.execPath, [join(folder, 'supervisor.mts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  victim = child;
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  await vi.waitFor(() => expect(said).toContain('up'), patience);
  return { child, said };
}

test.skipIf(process.platform === 'win32').each([
  ['alone, as by SIGSTOP', false],
  ['with all its services, as a frozen container or a suspended laptop', true],
])(
  'F2 a supervisor that is stopped for seconds, %s, blames no service: no missed probe, no restart',
  async (_what, withServices) => {
    const { child, said } = await startSupervisor();
    const slowPid = /^slow is (\d+)$/m;
    await vi.waitFor(() => expect(said.join('\n')).toMatch(slowPid), patience);
    const groups = said.flatMap((line) => / is (\d+)$/.exec(line)?.[1] ?? []).map(Number);
    const signal = (name: NodeJS.Signals) => {
      child.kill(name);
      if (withServices) for (const group of groups) process.kill(-group, name);
    };
    signal('SIGSTOP');
    await delay(sleptMs);
    signal('SIGCONT');
    await vi.waitFor(() => expect(said).toContain('slow ready: running'), patience);
    // Long enough for what was under way to be judged.
    const answers = said.length;
    await vi.waitFor(() => expect(said.length).toBeGreaterThan(answers + 3), patience);
    expect(said.filter((line) => /: /.test(line) && !/: (starting|running)$/.test(line))).toEqual(
      [],
    );
  },
  60_000,
);

test('time in which nobody looked does not count', () => {
  vi.useFakeTimers();
  const time = new AwakeTime();
  vi.advanceTimersByTime(100);
  expect(time.sleptDuring(100)).toBe(false);
  vi.advanceTimersByTime(60_000 + sleepToleranceMs);
  expect(time.sleptDuring(100)).toBe(true);
  expect(time.elapsedMs).toBe(200);
});

test.each([
  ['an hour ahead', 3_600_000],
  ['an hour back', -3_600_000],
  ['a year ahead', 365 * 24 * 3_600_000],
  ['a year back', -365 * 24 * 3_600_000],
])(
  'F6 a clock that is set %s neither brings the next try nearer nor puts it off',
  (_what, jumpMs) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
    const timer = new RetryTimer();
    const fire = vi.fn<() => void>();
    timer.set(10_000, () => 0, fire);
    vi.advanceTimersByTime(4_000);
    vi.setSystemTime(Date.now() + jumpMs);
    // What is shown follows the clock on the wall: the same six seconds.
    expect((timer.dueAt()?.getTime() ?? 0) - Date.now()).toBe(6_000);
    vi.advanceTimersByTime(5_999);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledOnce();
    expect(timer.dueAt()).toBeNull();
  },
);

test('a try that is due during a cooldown of others waits for its end', () => {
  vi.useFakeTimers();
  const timer = new RetryTimer();
  const fire = vi.fn<() => void>();
  const more = vi.fn<() => number>().mockReturnValueOnce(5_000).mockReturnValue(0);
  timer.set(1_000, more, fire);
  vi.advanceTimersByTime(5_999);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledOnce();
});
