/**
 * One service under supervision: a process that is started, watched, restarted and stopped.
 *
 * It guarantees: one process at a time; every change of state is reported with a reason; a restart
 * comes at once, then with growing delays, and forgets its failures after a healthy minute; a cause
 * that trying again cannot cure (no such command, port of another program) ends in `failed` with that
 * cause in words; `stopped` is said only when nothing of the process tree is left.
 * It refuses: to kill a service for being slow while it works (`isBusy`).
 *
 * The life of a service is one async loop (`#run`), ended by an AbortSignal: there is no state in
 * which two of them could run.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import type {
  LastExit,
  ServiceKind,
  ServiceState,
  ServiceStatus,
  StateTransition,
} from '../../../shared/status.ts';
import { type BackOffPolicy, backOffDelay } from './back-off.ts';
import { OutputRing } from './output.ts';
import { type Probe, runProbe } from './probes.ts';
import type { ProcessHost } from './process-host.ts';
import type { Command, Exit, SupervisedProcess } from './supervised-process.ts';

export type RestartPolicy = 'always_restart' | 'restart_on_failure' | 'never_restart';

/** What one start needs; worked out anew each time, because ports and secrets may change. */
export interface Launch extends Command {
  readonly port: number | null;
  readonly url: string | null;
  /** Null: ready as soon as it runs. */
  readonly readiness: Probe | null;
}

export interface ServiceOptions {
  readonly name: string;
  readonly displayName: string;
  readonly kind: ServiceKind;
  readonly restartPolicy: RestartPolicy;
  readonly startTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly probeTimeoutMs: number;
  readonly backOff: BackOffPolicy;
  readonly onDemand?: boolean;
  /** Whether what it prints is remembered; default true. It is read in any case. */
  readonly keepOutput?: boolean;
  /** Starts its processes. */
  readonly processes: Pick<ProcessHost, 'launch'>;
  /** Throws a CodedError for a permanent cause. */
  readonly prepare: () => Promise<Launch>;
  /** True while it works for somebody: then a missed probe means busy, not dead. */
  readonly isBusy?: () => boolean;
  readonly onTransition: (transition: StateTransition) => void;
}

const readinessPollMs = 50;
const livenessPeriodMs = 5_000;
/** So many missed probes in a row make a service unhealthy, and it is restarted. */
const livenessThreshold = 3;
/** A service that was ready for so long has proven itself: its earlier failures are forgotten. */
const healthyAfterMs = 60_000;
/** So many failures in a row are called a crash loop. */
const crashLoopAfter = 5;
/** Transitions kept per service. */
const keptTransitions = 200;

/** How one life of the process ended. */
interface Ending {
  readonly reason: string;
  readonly failed: boolean;
  readonly permanent: boolean;
}

export class Service {
  readonly output: OutputRing;
  readonly #options: ServiceOptions;
  readonly #history: StateTransition[] = [];
  #state: ServiceState = 'stopped';
  #reason = 'not started yet';
  #since = new Date();
  #launch: Launch | null = null;
  #pid: number | null = null;
  #restarts = 0;
  #lastExit: LastExit | null = null;
  #lastError: string | null = null;
  #nextRetryAt: Date | null = null;
  #lastHealthyAt: Date | null = null;
  #readySince: number | null = null;
  #life: { readonly stop: AbortController; readonly done: Promise<void> } | null = null;
  #wake = new AbortController();
  #waiters: (() => void)[] = [];

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.output = new OutputRing(options.keepOutput);
  }

  get name(): string {
    return this.#options.name;
  }

  get state(): ServiceState {
    return this.#state;
  }

  get port(): number | null {
    return this.#launch?.port ?? null;
  }

  get url(): string | null {
    return this.#launch?.url ?? null;
  }

  /** The newest transitions, oldest first. */
  get history(): readonly StateTransition[] {
    return this.#history;
  }

  status(): ServiceStatus {
    return {
      name: this.#options.name,
      displayName: this.#options.displayName,
      kind: this.#options.kind,
      state: this.#state,
      reason: this.#reason,
      since: this.#since.toISOString(),
      pid: this.#pid,
      port: this.port,
      url: this.url,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
      nextRetryAt: this.#nextRetryAt?.toISOString() ?? null,
      lastHealthyAt: this.#lastHealthyAt?.toISOString() ?? null,
      lastError: this.#lastError,
      onDemand: this.#options.onDemand ?? false,
    };
  }

  /**
   * Starts the service unless it runs already; one that waits for its next try is tried at once.
   * Resolves when it is ready; throws `service_failed` when it ended first. It goes on being
   * supervised either way.
   */
  async start(): Promise<void> {
    if (this.#life?.stop.signal.aborted) await this.#life.done;
    if (this.#life === null) {
      const stop = new AbortController();
      this.#life = { stop, done: this.#run(stop.signal) };
    } else if (this.#state === 'backing_off' || this.#state === 'crash_loop') {
      this.#wake.abort();
      await this.#nextTransition();
    }
    while (this.#state === 'starting' || this.#state === 'stopping') await this.#nextTransition();
    if (this.#state !== 'ready' && this.#state !== 'unhealthy') {
      throw new CodedError('service_failed', `${this.#options.displayName}: ${this.#reason}`);
    }
  }

  /** Stops the service and everything it started; resolves when nothing is left. */
  async stop(reason: string): Promise<void> {
    const life = this.#life;
    if (life === null) {
      if (this.#state !== 'stopped') this.#enter('stopped', reason);
      return;
    }
    life.stop.abort(reason);
    await life.done;
  }

  /** Stop, then start; resolves when it is ready again. */
  async restart(reason: string): Promise<void> {
    await this.stop(reason);
    this.#restarts += 1;
    await this.start();
  }

  async #run(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    let why = 'starting';
    for (;;) {
      const ending = await this.#liveOnce(why, signal);
      if (signal.aborted) break;
      this.#lastError = ending.failed ? ending.reason : this.#lastError;
      if (this.#wasHealthy()) attempt = 0;
      attempt += 1;
      const next = this.#afterEnding(ending, attempt);
      if (next !== 'restart') {
        this.#life = null;
        this.#enter(next, ending.reason);
        return;
      }
      await this.#waitForRetry(ending.reason, attempt, signal);
      if (signal.aborted) break;
      this.#restarts += 1;
      why = ending.reason;
    }
    this.#life = null;
    this.#enter('stopped', String(signal.reason));
  }

  #wasHealthy(): boolean {
    return this.#readySince !== null && performance.now() - this.#readySince >= healthyAfterMs;
  }

  #afterEnding(ending: Ending, attempt: number): 'restart' | 'stopped' | 'failed' {
    if (ending.permanent) return 'failed';
    const { restartPolicy, backOff } = this.#options;
    if (restartPolicy === 'never_restart') return ending.failed ? 'failed' : 'stopped';
    if (restartPolicy === 'restart_on_failure' && !ending.failed) return 'stopped';
    if (backOff.maxAttempts > 0 && attempt > backOff.maxAttempts) return 'failed';
    return 'restart';
  }

  async #waitForRetry(reason: string, attempt: number, signal: AbortSignal): Promise<void> {
    const delayMs = backOffDelay(this.#options.backOff, attempt, Math.random());
    // At once means at once: meanwhile it would be shown as ready, without a process.
    if (delayMs === 0) return;
    this.#nextRetryAt = new Date(Date.now() + delayMs);
    this.#enter(attempt >= crashLoopAfter ? 'crash_loop' : 'backing_off', reason);
    this.#wake = new AbortController();
    const either = AbortSignal.any([signal, this.#wake.signal]);
    await delay(delayMs, undefined, { signal: either }).catch(() => {});
    this.#nextRetryAt = null;
  }

  /** From `starting` to the end of the process. */
  async #liveOnce(why: string, signal: AbortSignal): Promise<Ending> {
    this.#readySince = null;
    this.#enter('starting', why);
    let launch: Launch;
    try {
      launch = await this.#options.prepare();
    } catch (error) {
      return { reason: messageOf(error), failed: true, permanent: true };
    }
    if (signal.aborted) return { reason: 'stopped', failed: false, permanent: false };
    this.#launch = launch;
    const child = this.#options.processes.launch(launch, (line) => this.output.append(line));
    this.#pid = child.pid ?? null;
    try {
      return await this.#watch(child, launch, signal);
    } finally {
      this.#pid = null;
    }
  }

  async #watch(child: SupervisedProcess, launch: Launch, signal: AbortSignal): Promise<Ending> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const exited = child.exited.then((exit) => ({ exit }));
    const troubled = this.#probeUntilTrouble(child, launch, either).then((trouble) => ({
      trouble,
    }));
    const stopped = aborted(signal).then(() => ({ stopped: true as const }));
    const first = await Promise.race([exited, troubled, stopped]);
    over.abort();
    await troubled;
    if ('exit' in first) {
      await child.sweep();
      return this.#endingOf(first.exit, launch);
    }
    this.#enter('stopping', 'stopped' in first ? String(signal.reason) : first.trouble);
    await child.stop(this.#options.stopGraceMs);
    const exit = await child.exited;
    this.#recordExit(exit);
    return {
      reason: 'stopped' in first ? String(signal.reason) : first.trouble,
      failed: true,
      permanent: false,
    };
  }

  /** Waits for readiness, then watches liveness; resolves with what went wrong, or on abort. */
  async #probeUntilTrouble(
    child: SupervisedProcess,
    launch: Launch,
    signal: AbortSignal,
  ): Promise<string> {
    const { startTimeoutMs } = this.#options;
    await child.spawned;
    if (child.pid === undefined) return await aborted(signal).then(() => 'not started');
    const problem = await this.#untilReady(launch.readiness, signal);
    if (signal.aborted) return 'stopped';
    if (problem !== null) return `not ready within ${startTimeoutMs} ms: ${problem}`;
    this.#readySince = performance.now();
    this.#lastHealthyAt = new Date();
    this.#enter('ready', 'running');
    return await this.#untilUnhealthy(launch.readiness, signal);
  }

  async #untilReady(probe: Probe | null, signal: AbortSignal): Promise<string | null> {
    if (probe === null) return null;
    const { startTimeoutMs, probeTimeoutMs } = this.#options;
    const deadline = performance.now() + startTimeoutMs;
    for (;;) {
      const problem = await runProbe(probe, probeTimeoutMs, signal);
      if (problem === null || signal.aborted) return null;
      if (performance.now() >= deadline) return problem;
      await delay(readinessPollMs, undefined, { signal }).catch(() => {});
    }
  }

  async #untilUnhealthy(probe: Probe | null, signal: AbortSignal): Promise<string> {
    let missed = 0;
    while (!signal.aborted) {
      await delay(livenessPeriodMs, undefined, { signal }).catch(() => {});
      if (signal.aborted || probe === null) continue;
      const problem = await runProbe(probe, this.#options.probeTimeoutMs, signal);
      if (signal.aborted) break;
      if (problem === null) {
        missed = 0;
        this.#lastHealthyAt = new Date();
        if (this.#state === 'unhealthy') this.#enter('ready', 'answers again');
        continue;
      }
      if (this.#options.isBusy?.()) continue;
      missed += 1;
      if (missed >= livenessThreshold) return `missed ${missed} probes: ${problem}`;
      this.#enter('unhealthy', problem);
    }
    return 'stopped';
  }

  #endingOf(exit: Exit, launch: Launch): Ending {
    this.#recordExit(exit);
    if (exit.spawnError) {
      const { code } = exit.spawnError;
      const permanent = code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR';
      return { reason: spawnProblem(launch, exit.spawnError), failed: true, permanent };
    }
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
    const said = this.output.lastComplaint();
    const failed = exit.code !== 0;
    return {
      reason: failed && said !== null ? `ended with ${how}: ${said}` : `ended with ${how}`,
      failed,
      permanent: false,
    };
  }

  #recordExit(exit: Exit): void {
    if (exit.spawnError) return;
    this.#lastExit = { code: exit.code, signal: exit.signal, at: new Date().toISOString() };
  }

  #enter(state: ServiceState, reason: string): void {
    const from = this.#state;
    if (from === state && this.#reason === reason) return;
    this.#state = state;
    this.#reason = reason;
    this.#since = new Date();
    if (state === 'ready' || state === 'stopped') this.#lastError = null;
    if (state === 'failed') this.#lastError = reason;
    const transition: StateTransition = {
      service: this.name,
      from,
      to: state,
      reason,
      at: this.#since.toISOString(),
    };
    this.#history.push(transition);
    if (this.#history.length > keptTransitions) this.#history.shift();
    this.#options.onTransition(transition);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #nextTransition(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function spawnProblem(launch: Launch, error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') return `cannot start "${launch.command}": ${error.message}`;
  const where =
    launch.workingDir === undefined ? '' : ` (or the folder ${launch.workingDir} is missing)`;
  return `command "${launch.command}" was not found${where}. Install it or correct the configuration.`;
}
