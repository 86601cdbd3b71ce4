/**
 * The configuration while the supervisor runs: what the file says, what runs, and how one becomes the
 * other.
 *
 * A text is applied as a whole or not at all: first everything about it is checked, then the services that
 * it changes are changed, and nothing else is touched. A broken text changes nothing; what ran goes on,
 * and everybody is told. Whoever writes (control, page, editor, script), there is one queue: texts that
 * come while one is being applied wait, and of several that wait only the last one counts, so that
 * many edits in a second end in the last valid one.
 */
import type { AppliedChange, ConfigApplied, ConfigPreview } from '../../shared/config-change.ts';
import type { Config } from '../../shared/config-schema.ts';
import type { ReplyData } from '../../shared/control-protocol.ts';
import { messageOf } from '../../shared/errors.ts';
import type { ConfigProblem, ConfigStatus } from '../../shared/status.ts';
import { writeConfigFile } from './config/config-file.ts';
import { hashOf } from './config/content-hash.ts';
import { FileWatch } from './config/file-watch.ts';
import { formatProblem } from './config/format-problem.ts';
import type { ConfigHistory } from './config/history.ts';
import { ConfigInvalid } from './config/invalid.ts';
import {
  type LoadedConfig,
  loadConfig,
  type ParsedConfig,
  parseConfig,
} from './config/load-config.ts';
import type { LaunchContext } from './launches.ts';
import { restartNeeded, runnable } from './restart-keys.ts';
import type { Logger } from './telemetry/logger.ts';

/** What changes with the configuration. */
export interface Configured {
  /** What `next` would change; nothing is done. */
  preview(before: Config, next: Config): ConfigPreview['changes'];
  /**
   * Makes the change, after `current` has become `next`. Resolves when all that had to end has ended and
   * the rest has begun; what then goes on is in the promises.
   */
  apply(before: Config, next: Config): Promise<readonly BegunChange[]>;
}

export interface BegunChange {
  /** As in the preview. Of several with one name all have to succeed. */
  readonly service: string;
  /** Rejects with the reason when it fails. */
  readonly done: Promise<void>;
}

export interface LiveConfigOptions {
  /** What runs at first. */
  readonly config: Config;
  readonly status: ConfigStatus;
  readonly history: ConfigHistory;
  /** Keeps a valid text, for a start with a broken file. */
  readonly saveLastGood: (text: string) => Promise<void>;
  /** Warnings about programs that are not there. */
  readonly missingPrograms: (text: string) => Promise<readonly ConfigProblem[]>;
  readonly configured: Configured;
  readonly logger: Logger;
  /** What the status says has changed. */
  readonly onChange: () => void;
}

/** The same context, whose configuration is the one that runs whenever it is asked. */
export function liveContext(context: LaunchContext, live: LiveConfig): LaunchContext {
  return {
    ...context,
    get config() {
      return live.current;
    },
  };
}

/** A reply waits no longer than this for changes to be done, in ms: clients wait five seconds. */
const replyWaitMs = 4_000;

/** An empty file is what an editor leaves for a moment while it writes; it is believed after so long, in ms. */
const emptyPatienceMs = 1_000;

interface Waiting {
  config: Config;
  readonly done: PromiseWithResolvers<ConfigApplied>;
}

export class LiveConfig {
  readonly #options: LiveConfigOptions;
  /** What the keys that need a restart have their values of. */
  #started: Config;
  readonly #watch: FileWatch;
  #current: Config;
  #status: ConfigStatus;
  /** The next configuration to be applied, while one is being applied. */
  #waiting: Waiting | null = null;
  #applying: Promise<void> = Promise.resolve();
  /** Looks and saves, one after the other: each needs to know what the file was before. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What is being written for later. */
  #keeping: Promise<void> = Promise.resolve();
  #emptyTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: LiveConfigOptions) {
    this.#options = options;
    this.#started = options.config;
    this.#current = options.config;
    this.#status = options.status;
    this.#watch = new FileWatch(options.status.path, () => void this.#inTurn(() => this.#look()));
  }

  /** What runs. */
  get current(): Config {
    return this.#current;
  }

  get status(): ConfigStatus {
    return this.#status;
  }

  /** Looks at the file from now on. Never throws. */
  async open(): Promise<void> {
    const { raw, config, problems, hash } = await this.#load();
    if (config !== null) await this.#keep(raw);
    if (hash === this.#status.hash) this.#status = { ...this.#status, problems };
    await this.#watch.start();
    // It may have been changed since it was read for the start.
    await this.#inTurn(() => this.#look());
  }

  /** Nothing is applied any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch.close();
    if (this.#emptyTimer) clearTimeout(this.#emptyTimer);
    await this.#turn.catch(() => {});
    await this.#applying;
    await this.#keeping;
  }

  async read(): Promise<ReplyData['GetConfig']> {
    const { path, running } = this.#status;
    const { raw, hash, problems, config } = await this.#load();
    const restart_needed = config === null ? [] : restartNeeded(config, this.#started);
    return { path, text: raw, hash, running, problems, restart_needed };
  }

  async validate(text: string): Promise<ReplyData['ValidateConfig']> {
    const { config, problems } = await this.#checked(text, parseConfig(text));
    const preview: ConfigPreview =
      config === null ? { changes: [], restart_needed: [] } : this.#preview(config);
    return { valid: config !== null, problems, preview };
  }

  /** Throws `config_invalid`, `config_conflict` or `config_unwritable`; then nothing has changed. */
  async save(text: string, baseHash: string): Promise<ReplyData['SaveConfig']> {
    const { path } = this.#status;
    const { config, problems } = parseConfig(text);
    if (config === null) throw new ConfigInvalid(problems);
    const { applied } = await this.#inTurn(async () => {
      const before = await this.#load();
      await writeConfigFile(path, text, baseHash);
      // A version that nobody saw, because it was overwritten at once.
      if (before.config !== null) await this.#keep(before.raw);
      return { applied: this.#accept(await this.#load()) };
    });
    // Of the text that was given: if somebody else has changed the file again, the next save shall see that.
    return { path, hash: hashOf(text), applied: await applied };
  }

  /** Throws `config_invalid`; then nothing has changed. */
  async reload(): Promise<ReplyData['ReloadConfig']> {
    const { loaded, applied } = await this.#inTurn(async () => {
      const found = await this.#load();
      return { loaded: found, applied: this.#accept(found) };
    });
    if (loaded.config === null) throw new ConfigInvalid(loaded.problems);
    return { hash: loaded.hash, applied: await applied };
  }

  async versions(): Promise<ReplyData['ConfigHistory']> {
    return { versions: await this.#options.history.list() };
  }

  async version(id: string): Promise<ReplyData['ConfigVersion']> {
    return await this.#options.history.read(id);
  }

  async #load(): Promise<LoadedConfig> {
    const loaded = await loadConfig(this.#status.path);
    return loaded.text === null ? loaded : await this.#checked(loaded.text, loaded);
  }

  /** With what only the machine can tell. */
  async #checked<Parsed extends ParsedConfig>(text: string, parsed: Parsed): Promise<Parsed> {
    const found = await this.#options.missingPrograms(text);
    const problems = [...parsed.problems, ...found].toSorted(
      (one, other) => one.line - other.line || one.column - other.column,
    );
    return { ...parsed, problems };
  }

  /** The file may have changed. */
  async #look(): Promise<void> {
    const loaded = await this.#load();
    if (loaded.hash === this.#status.hash) return;
    const isEmpty = loaded.raw.trim() === '' && loaded.config !== null;
    if (isEmpty && this.#emptyTimer === null) {
      this.#emptyTimer = setTimeout(
        () => void this.#inTurn(() => this.#lookAtEmpty()),
        emptyPatienceMs,
      );
      return;
    }
    if (isEmpty) return;
    this.#forgetEmpty();
    this.#options.logger.info({ file: this.#status.path }, 'the configuration file has changed');
    void this.#accept(loaded);
  }

  /** It was empty, and perhaps it is still. */
  async #lookAtEmpty(): Promise<void> {
    this.#forgetEmpty();
    const loaded = await this.#load();
    if (loaded.hash !== this.#status.hash) void this.#accept(loaded);
  }

  #forgetEmpty(): void {
    if (this.#emptyTimer) clearTimeout(this.#emptyTimer);
    this.#emptyTimer = null;
  }

  /** What the file says now shall run, if it can. Never rejects. */
  #accept({ config, problems, raw, text, hash }: LoadedConfig): Promise<ConfigApplied> {
    this.#forgetEmpty();
    if (config === null) {
      this.#refuse(problems, hash);
      return Promise.resolve({ changes: [], restart_needed: [] });
    }
    // Until now nothing was behind the gateway, so nobody knows its port.
    if (this.#status.running === 'none') this.#started = withPort(this.#started, config.mcp.port);
    this.#status = {
      path: this.#status.path,
      running: 'file',
      problems,
      hash,
      restartNeeded: restartNeeded(config, this.#started),
    };
    this.#options.onChange();
    // One after the other, so that the newest is the last; nobody waits for it.
    this.#keeping = this.#keeping.then(() => this.#keepBoth(raw, text ?? ''));
    return this.#enqueue(config);
  }

  #refuse(problems: readonly ConfigProblem[], hash: string): void {
    const { path, running } = this.#status;
    this.#status = {
      ...this.#status,
      running: running === 'none' ? 'none' : 'last_good',
      problems,
      hash,
    };
    const errors = problems.filter(({ severity }) => severity === 'error');
    this.#options.logger.error(
      { problems: errors.map((problem) => formatProblem(path, problem)) },
      'the configuration file has errors; what ran goes on',
    );
    this.#options.onChange();
  }

  #preview(config: Config): ConfigPreview {
    const { configured } = this.#options;
    const before = this.#waiting ? runnable(this.#waiting.config, this.#started) : this.#current;
    return {
      changes: configured.preview(before, runnable(config, this.#started)),
      restart_needed: restartNeeded(config, this.#started),
    };
  }

  /** Resolves when this configuration, or one that came after it, is applied as far as a reply waits for. */
  #enqueue(config: Config): Promise<ConfigApplied> {
    if (this.#waiting !== null) {
      this.#waiting.config = config;
      return this.#waiting.done.promise;
    }
    const { changes, restart_needed } = this.#preview(config);
    const waiting: Waiting = { config, done: Promise.withResolvers() };
    this.#waiting = waiting;
    this.#applying = this.#applying.then(() => this.#apply(waiting));
    const underWay = {
      changes: changes.map((each) => ({ ...each, ok: true, error: null })),
      restart_needed,
    };
    return within(replyWaitMs, waiting.done.promise, underWay);
  }

  /** Never rejects. */
  async #apply(waiting: Waiting): Promise<void> {
    // From here on a newer one has to wait for its own turn.
    this.#waiting = null;
    const { config, done } = waiting;
    const restart_needed = restartNeeded(config, this.#started);
    if (this.#isClosed) {
      done.resolve({ changes: [], restart_needed });
      return;
    }
    const { configured, logger, onChange } = this.#options;
    const before = this.#current;
    const next = runnable(config, this.#started);
    const planned = configured.preview(before, next);
    this.#current = next;
    try {
      const begun = await configured.apply(before, next);
      const told = planned.map((change) => {
        const own = begun.filter((each) => each.service === change.service);
        return outcomeOf(change, Promise.all(own.map((each) => each.done)));
      });
      const changed = planned.filter(({ action }) => action !== 'none');
      if (changed.length > 0) {
        const list = changed.map(({ service, action }) => `${service}: ${action}`);
        logger.info({ changes: list, restart_needed }, 'the configuration was applied');
      }
      void Promise.all(told).then((changes) => done.resolve({ changes, restart_needed }));
    } catch (error) {
      logger.error({ err: error }, 'the configuration was not applied as a whole');
      const changes = planned.map((change) => ({ ...change, ok: false, error: messageOf(error) }));
      done.resolve({ changes, restart_needed });
    }
    onChange();
  }

  async #keepBoth(raw: string, text: string): Promise<void> {
    await this.#keep(raw);
    await this.#options.saveLastGood(text).catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the last good configuration was not kept');
    });
  }

  async #keep(raw: string): Promise<void> {
    await this.#options.history.keep(raw).catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the version of the configuration was not kept');
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

function withPort(config: Config, port: number): Config {
  return Object.freeze({ ...config, mcp: Object.freeze({ ...config.mcp, port }) });
}

async function outcomeOf(
  change: ConfigPreview['changes'][number],
  done: Promise<unknown>,
): Promise<AppliedChange> {
  const outcome = done.then(
    () => ({ ...change, ok: true, error: null }),
    (error: unknown) => ({ ...change, ok: false, error: messageOf(error) }),
  );
  return await within(replyWaitMs, outcome, { ...change, ok: true, error: null });
}

/** What `promise` brings, or something else after so long. */
async function within<Value>(ms: number, promise: Promise<Value>, late: Value): Promise<Value> {
  const { promise: timeout, resolve } = Promise.withResolvers<Value>();
  const timer = setTimeout(() => resolve(late), ms);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
