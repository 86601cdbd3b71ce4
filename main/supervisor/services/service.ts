/**
 * One service under supervision: a process that is started, watched, restarted and stopped.
 *
 * It guarantees: one process at a time; every change of state is reported with a reason; a restart
 * comes at once, then with growing delays, and forgets its failures after a healthy minute; a cause
 * that trying again cannot cure (no such command, port of another program) ends in `failed` with that
 * cause in words; `stopped` is said only when nothing of the process tree is left.
 * It refuses: to kill a service for being slow while it works (`isBusy`) or while we slept.
 *
 * What follows what is decided in `lifecycle.ts`; this is its runner. It takes one event after the
 * other and does what it is told: prepare, launch, end, wait.
 */
import { assertNever } from '../../../shared/assert-never.ts';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import type {
  LastExit,
  ProgramStatus,
  ServiceKind,
  ServiceState,
  ServiceStatus,
  StateTransition,
} from '../../../shared/status.ts';
import { type BackOffPolicy, backOffDelay } from './back-off.ts';
import type { SharedCooldown } from './cooldowns.ts';
import type { Needed } from './dependencies.ts';
import type { Keep } from './keep.ts';
import {
  type Effect,
  type Ending,
  type Life,
  type LifeEvent,
  type RestartPolicy,
  type Rules,
  step,
  unborn,
} from './lifecycle.ts';
import { LineWatch } from './line-watch.ts';
import { NextChange } from './next-change.ts';
import { type OutputLine, OutputRing } from './output.ts';
import { livenessSettingsOf, probeStatusOf } from './probe-status.ts';
import type { Probe, ReadyWhen } from './probes.ts';
import type { ProcessSource } from './process-host.ts';
import {
  type LifeNews,
  livenessOf,
  liveOnce,
  notStarted,
  type ProcessEnd,
} from './process-life.ts';
import { RetryTimer } from './retry-timer.ts';
import type { Command, RunningProcess } from './supervised-process.ts';
import type { LivenessSettings } from './watch.ts';

/** What one start needs; worked out anew each time, because ports and secrets may change. */
export interface Launch extends Command {
  readonly port: number | null;
  readonly url: string | null;
  /** Null: ready as soon as it runs. */
  readonly readiness: ReadyWhen | null;
  /** Asked while it runs; null: it lives as long as its process. When absent, what made it ready. */
  readonly liveness?: Probe | null;
  /** The command as people may read it. */
  readonly program?: ProgramStatus;
}

/** Numbers and policies are looked up when they are needed: they may change while the service runs. */
export interface ServiceOptions {
  readonly name: string;
  readonly displayName: string;
  readonly kind: ServiceKind;
  readonly restartPolicy: RestartPolicy;
  readonly startTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly probeTimeoutMs: number;
  /** When and how often it is asked while it runs; the usual when absent. */
  readonly liveness?: LivenessSettings;
  readonly backOff: BackOffPolicy;
  readonly cooldown?: SharedCooldown;
  readonly onDemand?: boolean;
  /** Where what it prints is remembered; a ring of its own when absent. */
  readonly output?: OutputRing;
  /** Starts its processes. */
  readonly processes: ProcessSource;
  /** For a service that survives the supervisor: starts its processes instead. */
  readonly keep?: Keep | null;
  /** The services that must be there first. */
  readonly needs?: Needed;
  /** Throws a CodedError for a permanent cause. `adopted`: it runs already, and has this port. */
  readonly prepare: (adopted: { readonly port: number | null } | null) => Promise<Launch>;
  /** True while it works for somebody: then a missed probe means busy, not dead. */
  readonly isBusy?: () => boolean;
  readonly onTransition: (transition: StateTransition) => void;
}

const adoptedReason = 'adopted: it went on while the supervisor was away';

/** A service that was ready for so long has proven itself: its earlier failures are forgotten. */
const healthyAfterMs = 60_000;
/** Transitions kept per service. */
const keptTransitions = 200;

export class Service {
  readonly output: OutputRing;
  readonly #options: ServiceOptions;
  readonly #history: StateTransition[] = [];
  readonly #queue: { readonly event: LifeEvent; readonly exit: LastExit | null }[] = [];
  readonly #retry = new RetryTimer();
  readonly #rules: Rules;
  readonly #lines = new LineWatch();
  #isStepping = false;
  #life: Life = unborn;
  #since = new Date();
  #launch: Launch | null = null;
  #process: RunningProcess | null = null;
  /** A process of an earlier run that is taken over instead of starting one. */
  #adopted: RunningProcess | null = null;
  /** Aborted when the preparation, or the process, shall end. */
  #over = new AbortController();
  #restartsByHand = 0;
  /** A restart waits for the end; a stop that comes after it has the last word. */
  #startsAgain = false;
  #lastExit: LastExit | null = null;
  #lastError: string | null = null;
  #lastHealthyAt: Date | null = null;
  #readySince: number | null = null;
  readonly #change = new NextChange();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.output = options.output ?? new OutputRing();
    const { backOff, cooldown } = options;
    this.#rules = {
      get restartPolicy() {
        return options.restartPolicy;
      },
      get maxAttempts() {
        return backOff.maxAttempts;
      },
      delayMs: (failures) => {
        cooldown?.failed(failures);
        const delayMs = backOffDelay(backOff, failures, Math.random());
        return Math.max(delayMs, cooldown?.remainingMs() ?? 0);
      },
    };
  }

  get name(): string {
    return this.#options.name;
  }

  get state(): ServiceState {
    return this.#life.state;
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
      state: this.#life.state,
      reason: this.#life.reason,
      since: this.#since.toISOString(),
      pid: this.#process?.pid ?? null,
      port: this.port,
      url: this.url,
      restarts: this.#life.restarts + this.#restartsByHand,
      lastExit: this.#lastExit,
      nextRetryAt: this.#retry.dueAt()?.toISOString() ?? null,
      lastHealthyAt: this.#lastHealthyAt?.toISOString() ?? null,
      lastError: this.#lastError,
      onDemand: this.#options.onDemand ?? false,
      probe: probeStatusOf(this.#launch, this.#options),
      program: this.#launch?.program ?? null,
    };
  }

  /**
   * Starts the service unless it runs already; one that waits for its next try is tried at once. Resolves
   * when it is ready; throws `service_failed` when it ended first. It goes on being supervised either way.
   */
  async start(): Promise<void> {
    this.#take({ type: 'start' });
    // A listener that calls this is heard after its own event.
    await Promise.resolve();
    while (this.state === 'starting' || this.state === 'stopping') await this.#change.wait();
    if (this.state !== 'ready' && this.state !== 'unhealthy') throw this.#failure();
  }

  #failure(): CodedError {
    return new CodedError('service_failed', `${this.#options.displayName}: ${this.#life.reason}`);
  }

  /**
   * Stops the service and everything it started; resolves when nothing is left. What cannot be ended
   * leaves it `failed`, by name.
   */
  async stop(reason: string): Promise<void> {
    this.#startsAgain = false;
    this.#take({ type: 'stop', reason });
    await Promise.resolve();
    while (this.state === 'stopping') await this.#change.wait();
  }

  /** Stop, then start; as `start`. Who asks for a stop meanwhile has the last word. */
  async restart(reason: string): Promise<void> {
    const stopped = this.stop(reason);
    this.#startsAgain = true;
    await stopped;
    if (!this.#startsAgain) throw this.#failure();
    this.#restartsByHand += 1;
    await this.start();
  }

  /** Takes one event; those that come meanwhile, from listeners, are taken after it. */
  #take(event: LifeEvent, exit: LastExit | null = null): void {
    this.#queue.push({ event, exit });
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        const from = this.#life;
        const { life, effects } = step(from, next.event, this.#rules);
        this.#life = life;
        for (const effect of effects) this.#do(effect);
        if (life.state !== from.state || life.reason !== from.reason) this.#note(from, next.exit);
      }
    } finally {
      this.#isStepping = false;
    }
  }

  #do(effect: Effect): void {
    const { run } = this.#life;
    switch (effect.type) {
      case 'prepare':
        this.#over = new AbortController();
        void this.#prepare(run, this.#over.signal);
        return;
      case 'launch':
        this.#over = new AbortController();
        void this.#live(run, this.#over);
        return;
      case 'abandon':
      case 'end':
        this.#over.abort();
        this.#change.tell();
        return;
      case 'wait':
        this.#retry.set(
          effect.delayMs,
          () => this.#options.cooldown?.remainingMs() ?? 0,
          () => this.#take({ type: 'retry', run }),
        );
        return;
      case 'cancel_wait':
        this.#retry.cancel();
        return;
      default:
        assertNever(effect);
    }
  }

  async #prepare(run: number, signal: AbortSignal): Promise<void> {
    this.#adopted = null;
    let problem: string | null = null;
    try {
      const adopted = (await this.#options.keep?.adopt((line) => this.#print(line))) ?? null;
      this.#adopted = adopted;
      if (adopted === null) await this.#untilFree(run, signal);
      if (!signal.aborted) this.#launch = await this.#options.prepare(adopted);
    } catch (error) {
      problem = messageOf(error);
    }
    if (problem !== null || signal.aborted) await this.#adopted?.stop(this.#options.stopGraceMs);
    if (problem === null) this.#take({ type: 'prepared', run });
    else this.#take({ type: 'unprepared', run, reason: problem });
  }

  /** Waits until the services that this one needs are there. */
  async #untilFree(run: number, signal: AbortSignal): Promise<void> {
    const { needs } = this.#options;
    if (needs === undefined) return;
    const leave = needs.onChange(() => this.#change.tell());
    try {
      for (let reason = needs.waitsFor(); reason !== null; reason = needs.waitsFor()) {
        if (signal.aborted) return;
        this.#take({ type: 'waits', run, reason });
        await this.#change.wait();
      }
    } finally {
      leave();
    }
  }

  /** From the start of a process until nothing of it is left. */
  async #live(run: number, over: AbortController): Promise<void> {
    const launch = this.#launch;
    if (launch === null) throw new Error('launched without a preparation');
    this.#readySince = null;
    const isAdopted = this.#adopted !== null;
    // What an adopted process printed when it became ready was read by an earlier run.
    const readiness = isAdopted ? livenessOf(launch) : launch.readiness;
    this.#lines.forget();
    const isLine = readiness?.kind === 'log';
    const line = isLine ? this.#lines.waitFor(readiness.pattern) : Promise.resolve();
    const child = this.#adopted ?? (await this.#begin(launch));
    if (child instanceof Error) {
      this.#ended(run, await notStarted(launch, child));
      return;
    }
    this.#process = child;
    this.output.began(child.pid, isAdopted);
    const life = this.#options;
    const end = await liveOnce(child, {
      launch,
      readiness,
      line,
      settings: life,
      liveness: livenessSettingsOf(life),
      isBusy: () => life.isBusy?.() ?? false,
      shortage: life.processes.shortage,
      complaint: () => this.output.lastComplaint(),
      over,
      say: (news) => this.#heardOf(run, news, isAdopted),
    });
    if (end.leftover === null) this.#process = null;
    this.output.ended(end.exit);
    this.#ended(run, end);
  }

  /** An error where the system refuses even to try. */
  async #begin(launch: Launch): Promise<RunningProcess | NodeJS.ErrnoException> {
    const { keep, processes } = this.#options;
    const onLine = (line: OutputLine) => this.#print(line);
    try {
      return keep ? await keep.launch(launch, onLine) : processes.launch(launch, onLine);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #print(line: OutputLine): void {
    this.output.append(line);
    this.#lines.heard(line.text);
  }

  #heardOf(run: number, news: LifeNews, isAdopted: boolean): void {
    if (news.type === 'ready') this.#readySince = performance.now();
    if (news.type === 'ready' || news.type === 'probe_answered') this.#lastHealthyAt = new Date();
    const isTakenOver = news.type === 'ready' && isAdopted;
    this.#take({ ...news, ...(isTakenOver && { reason: adoptedReason }), run });
  }

  #ended(run: number, { reason, failed, permanent, leftover, exit }: ProcessEnd): void {
    if (exit !== null) this.#lastExit = exit;
    const cause = this.#life.next === 'policy' ? this.#life.cause : null;
    if (failed || cause !== null) this.#lastError = cause ?? reason;
    const readyMs = this.#readySince === null ? 0 : performance.now() - this.#readySince;
    const ending: Ending = {
      reason,
      failed,
      permanent,
      leftover,
      wasHealthy: readyMs >= healthyAfterMs,
    };
    this.#take({ type: 'ended', run, ending }, exit);
  }

  #note(from: Life, exit: LastExit | null): void {
    const { state, reason } = this.#life;
    this.#since = new Date();
    if (state === 'ready' || state === 'stopped') this.#lastError = null;
    if (state === 'failed') this.#lastError = reason;
    const transition: StateTransition = {
      service: this.name,
      from: from.state,
      to: state,
      reason,
      at: this.#since.toISOString(),
      ...(exit !== null && { exit }),
    };
    this.#history.push(transition);
    if (this.#history.length > keptTransitions) this.#history.shift();
    this.#options.onTransition(transition);
    this.#change.tell();
  }
}
