/**
 * What a client has answered about its roots. An instance that takes its session over is told the same
 * instead of asking the client again, as long as the client has not said that its roots have changed.
 * That is done once for each instance: one that asks again wants to know what is so now.
 */
import type { RpcId } from './server-requests.ts';
import type { Said } from './sessions.ts';

/** An answer that is larger is not kept. Roots are a few folders. */
const maxAnswerBytes = 64 * 1024;

/** Questions that wait for their answer; servers ask one after the other. */
const maxOpen = 10;

export class RootsRecord {
  readonly #open = new Set<RpcId>();
  #answer: Said | null = null;
  #isNewHome = false;

  /** The instance has asked the client. */
  asked(id: RpcId): void {
    if (this.#open.size < maxOpen) this.#open.add(id);
  }

  /** The client has answered a question; without effect when that was about something else, or its roots changed since. */
  answered(id: RpcId, answer: () => Said): void {
    if (!this.#open.delete(id)) return;
    const said = answer();
    this.#answer = said.body.length <= maxAnswerBytes ? said : null;
  }

  /** The client says that they are others now. */
  changed(): void {
    this.#open.clear();
    this.#answer = null;
  }

  /** The session is at home on another instance. */
  moved(): void {
    this.#open.clear();
    this.#isNewHome = true;
  }

  /** True when the instance, should it ask, can be answered without its client. */
  get isKnown(): boolean {
    return this.#isNewHome && this.#answer !== null;
  }

  /** The client's answer, for the first question of a new home; null for any other. */
  take(): Said | null {
    const answer = this.isKnown ? this.#answer : null;
    this.#isNewHome = false;
    return answer;
  }
}
