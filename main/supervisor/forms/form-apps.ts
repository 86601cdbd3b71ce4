/**
 * Form apps: programs that are asked one thing and answer it, mostly by showing a window to a person. One
 * line of JSON goes to the standard input, one comes back on the standard output. An app whose answer
 * asks for a refinement stays, and gets its next line by `continue`. One that takes too long is ended with
 * all it started. Of each app there is one at a time: two windows with the same question help nobody.
 */
import { randomUUID } from 'node:crypto';
import type { FormAppResponse } from '../../../shared/control-replies.ts';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { FormProcess, type StartForm } from './form-process.ts';

/** What the configuration says of an app. */
export interface FormApp {
  readonly name: string;
  readonly timeoutMs: number;
}

export interface FormAppsOptions {
  /** Those that can be launched now. */
  readonly apps: () => readonly FormApp[];
  readonly start: StartForm;
  readonly logger: Logger;
}

/** An app that waits for a refinement which never comes is ended after so long, in ms. */
const refinementWaitMs = 30 * 60_000;

/** Words in the answer's `status` by which an app asks to be continued. */
const refinementWords: ReadonlySet<unknown> = new Set([
  'refinement_requested',
  'continuation_requested',
  'continue_requested',
]);

interface Pending {
  readonly app: FormApp;
  readonly process: FormProcess;
  readonly over: NodeJS.Timeout;
}

export class FormApps {
  readonly #options: FormAppsOptions;
  /** By the name of the app. */
  readonly #running = new Map<string, FormProcess>();
  /** By session id. */
  readonly #pending = new Map<string, Pending>();

  constructor(options: FormAppsOptions) {
    this.#options = options;
  }

  /** Throws `not_found` and `at_capacity`; whatever else goes wrong is in the answer. */
  async launch(name: string, payload: unknown, timeoutMs: number | null): Promise<FormAppResponse> {
    const app = this.#find(name);
    if (this.#running.has(app.name)) {
      throw new CodedError(
        'at_capacity',
        `The form app "${app.name}" is open already. Answer or close it first.`,
      );
    }
    const process = new FormProcess(this.#options.start, app.name);
    this.#running.set(app.name, process);
    void process.gone.then(() => {
      this.#running.delete(app.name);
      for (const [id, { process: its }] of this.#pending) if (its === process) this.#forget(id);
    });
    return await this.#ask(app, process, payload, timeoutMs);
  }

  /** Throws `session_not_found`; whatever else goes wrong is in the answer. */
  async continue(
    sessionId: string,
    payload: unknown,
    timeoutMs: number | null,
  ): Promise<FormAppResponse> {
    const pending = this.#pending.get(sessionId);
    if (pending === undefined) {
      throw new CodedError(
        'session_not_found',
        `No form app waits as ${sessionId.slice(0, 80)}: it was answered, was closed or took too long.`,
      );
    }
    this.#forget(sessionId);
    return await this.#ask(pending.app, pending.process, payload, timeoutMs);
  }

  /** Ends all that are open. */
  async close(): Promise<void> {
    for (const id of this.#pending.keys()) this.#forget(id);
    await Promise.all([...this.#running.values()].map((process) => process.end()));
  }

  async #ask(
    app: FormApp,
    process: FormProcess,
    payload: unknown,
    timeoutMs: number | null,
  ): Promise<FormAppResponse> {
    const began = performance.now();
    const limitMs = timeoutMs ?? app.timeoutMs;
    const signal = AbortSignal.timeout(Math.ceil(limitMs));
    const about = () => ({
      app_name: app.name,
      elapsed_ms: Math.round(performance.now() - began),
      timed_out: signal.aborted,
    });
    try {
      const answer = await process.ask(payload, signal);
      const session = wantsRefinement(answer) ? this.#keep(app, process) : null;
      if (session === null) process.finish();
      return {
        ...about(),
        success: true,
        timed_out: false,
        response_payload: answer,
        pending_refinement: session !== null,
        ...(session !== null && { session_id: session }),
      };
    } catch (error) {
      const failed = about();
      const reason = failed.timed_out
        ? `The form app "${app.name}" did not answer within ${limitMs / 1_000} seconds and was ended.`
        : `The form app "${app.name}" did not answer: ${messageOf(error)}`;
      await process.end();
      this.#options.logger.warn({ app: app.name }, reason);
      return { ...failed, success: false, error: reason, pending_refinement: false };
    }
  }

  #keep(app: FormApp, process: FormProcess): string {
    const id = randomUUID();
    const over = setTimeout(() => {
      this.#options.logger.info({ app: app.name }, 'nobody continued the form app; it is ended');
      void process.end();
    }, refinementWaitMs).unref();
    this.#pending.set(id, { app, process, over });
    return id;
  }

  #forget(sessionId: string): void {
    clearTimeout(this.#pending.get(sessionId)?.over);
    this.#pending.delete(sessionId);
  }

  #find(name: string): FormApp {
    const apps = this.#options.apps();
    const found = apps.find((app) => app.name.toLowerCase() === name.toLowerCase());
    if (found) return found;
    const known = apps.map((app) => app.name).join(', ');
    throw new CodedError(
      'not_found',
      `There is no form app "${name.slice(0, 80)}". Known: ${known || 'none; add [[form_apps]] to supervisor.toml'}.`,
    );
  }
}

function wantsRefinement(answer: unknown): boolean {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'status' in answer &&
    refinementWords.has(answer.status)
  );
}
