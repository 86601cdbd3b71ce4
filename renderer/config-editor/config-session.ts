/**
 * One editing of the configuration: what the file said, what it shall say, what the supervisor thinks of
 * that, and whether the file changed meanwhile. Nothing here draws. Guarantees: an answer about a text
 * that is no longer the draft is dropped; nothing is written that was not found valid; a file that
 * somebody else changed is never overwritten before the user has seen that and decided.
 */
import { control, type SupervisorBridge } from '../../shared/api.ts';
import type { ConfigApplied, ConfigPreview } from '../../shared/config-change.ts';
import type { ReplyData } from '../../shared/control-protocol.ts';
import { codeOf, messageOf } from '../../shared/errors.ts';
import type { ConfigProblem } from '../../shared/status.ts';

/** Typing pauses about so long between words, in ms; a check costs the supervisor a few ms. */
const checkDelayMs = 250;

/** The file as the supervisor read it; `hash` is empty while there is none. */
export type ConfigFile = ReplyData['GetConfig'];

/** What the supervisor says about one text. */
export type Check =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'done';
      readonly text: string;
      readonly valid: boolean;
      readonly problems: readonly ConfigProblem[];
      readonly preview: ConfigPreview;
    }
  | { readonly kind: 'failed'; readonly text: string; readonly error: string };

export interface ConfigState {
  /** As it was loaded or saved last; null until it came. */
  readonly file: ConfigFile | null;
  readonly loadError: string | null;
  /** What a save would write. */
  readonly draft: string;
  /** Of the draft, or of the text before the last keys. */
  readonly check: Check;
  /** What somebody else wrote meanwhile, as long as it is not decided what becomes of it. */
  readonly disk: ConfigFile | null;
  readonly saving: boolean;
  readonly saveError: string | null;
  /** What the last save did; null again with the next change. */
  readonly applied: ConfigApplied | null;
  /** Why the file is not the text that is shown: it has bytes that are no text. Else null. */
  readonly damage: string | null;
  /** The file changed and was loaded anew, because nothing had been typed. */
  readonly reloaded: boolean;
}

const initialState: ConfigState = {
  file: null,
  loadError: null,
  draft: '',
  check: { kind: 'none' },
  disk: null,
  saving: false,
  saveError: null,
  applied: null,
  damage: null,
  reloaded: false,
};

/** True when there is something that a closed window would lose. */
export function isChanged({ file, draft }: Pick<ConfigState, 'file' | 'draft'>): boolean {
  return file !== null && draft !== file.text;
}

/** The check, if it is about the draft as it stands. */
export function presentCheck({ check, draft }: Pick<ConfigState, 'check' | 'draft'>): Check {
  return check.kind !== 'none' && check.text === draft ? check : { kind: 'none' };
}

export class ConfigSession {
  readonly #bridge: SupervisorBridge;
  readonly #listeners = new Set<() => void>();
  #state = initialState;
  /** Grows with every reading of the file, and when a save begins and ends. */
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(bridge: SupervisorBridge) {
    this.#bridge = bridge;
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For `useSyncExternalStore`. */
  readonly getState = (): ConfigState => this.#state;

  /** Looks at the file: the first time, and whenever it may have changed. Never throws. */
  async refresh(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    let fresh: ConfigFile;
    try {
      fresh = await control<'GetConfig'>(this.#bridge, { type: 'GetConfig' });
    } catch (error) {
      if (this.#state.file === null) this.#set({ loadError: messageOf(error) });
      return;
    }
    // An answer that a later question or a write of our own has overtaken may tell of a text that is gone.
    if (turn === this.#turn && !this.#state.saving) this.#found(fresh);
    if (this.#state.check.kind === 'failed') void this.#check();
  }

  /** The draft is this text now. */
  edit(draft: string): void {
    if (draft === this.#state.draft) return;
    this.#set({ draft, saveError: null, applied: null, reloaded: false });
    this.#checkSoon();
  }

  /** Back to what the file says. */
  discard(): void {
    const { file, disk } = this.#state;
    const known = disk ?? file;
    if (known !== null) this.#adopt(known, { reloaded: false });
  }

  /** Takes what somebody else wrote; the draft is gone (and can be undone in the editor). */
  loadFromDisk(): void {
    const { disk } = this.#state;
    if (disk !== null) this.#adopt(disk, { reloaded: false });
  }

  /** Goes on with the draft: the next save replaces what somebody else wrote. */
  keepDraft(): void {
    const { disk } = this.#state;
    if (disk === null) return;
    this.#set({ file: disk, disk: null, saveError: null });
    // What a save would change counts from the new text.
    void this.#check();
  }

  /** Writes the draft if it is valid. True when it was written; else the state says why not. */
  async save(): Promise<boolean> {
    if (this.#state.saving || this.#state.disk !== null || !isChanged(this.#state)) return false;
    this.#turn += 1;
    this.#set({ saving: true, saveError: null, applied: null });
    try {
      const check = await this.#check();
      return check.kind === 'done' && check.valid && (await this.#write(check));
    } finally {
      this.#turn += 1;
      this.#set({ saving: false });
      // What was read meanwhile was not believed.
      void this.refresh();
    }
  }

  async #write({ text, problems }: Check & { readonly kind: 'done' }): Promise<boolean> {
    const { file } = this.#state;
    if (file === null) return false;
    try {
      const request = { type: 'SaveConfig', text, base_hash: file.hash } as const;
      const { hash, path, applied } = await control<'SaveConfig'>(this.#bridge, request);
      const saved: ConfigFile = {
        ...file,
        path,
        hash,
        text,
        running: 'file',
        problems,
        restart_needed: applied.restart_needed,
      };
      this.#set({ file: saved, disk: null, applied });
      // Nothing is left that a save would do.
      this.#checkSoon();
      return true;
    } catch (error) {
      if (codeOf(error) === 'config_conflict') await this.#meetConflict();
      else this.#set({ saveError: messageOf(error) });
      return false;
    }
  }

  async #meetConflict(): Promise<void> {
    try {
      this.#set({ disk: await control<'GetConfig'>(this.#bridge, { type: 'GetConfig' }) });
    } catch (error) {
      this.#set({ saveError: messageOf(error) });
    }
  }

  #found(fresh: ConfigFile): void {
    const { file } = this.#state;
    if (file === null) {
      this.#adopt(fresh, { reloaded: false });
    } else if (fresh.hash === file.hash) {
      this.#set({ file: { ...fresh, text: file.text }, disk: null });
    } else if (fresh.text === this.#state.draft || !isChanged(this.#state)) {
      this.#adopt(fresh, { reloaded: true });
    } else {
      this.#set({ disk: fresh });
    }
  }

  #adopt(file: ConfigFile, { reloaded }: Pick<ConfigState, 'reloaded'>): void {
    const draft = file.text;
    const rest = { loadError: null, disk: null, saveError: null, applied: null, damage: null };
    this.#set({ ...rest, file, draft, reloaded });
    void this.#check();
  }

  #checkSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), checkDelayMs);
  }

  /** Asks about the draft. What it answers is also in the state, unless the draft has gone on. */
  async #check(): Promise<Check> {
    clearTimeout(this.#timer);
    const text = this.#state.draft;
    const check = await this.#ask(text);
    if (text === this.#state.draft) this.#set({ check, ...this.#damageBy(check) });
    return check;
  }

  /** The text of the file is right, and still the file is wrong. */
  #damageBy(check: Check): Pick<ConfigState, 'damage'> | null {
    const { file } = this.#state;
    if (file === null || check.kind !== 'done' || check.text !== file.text) return null;
    const error = file.problems.find(({ severity }) => severity === 'error');
    return { damage: check.valid ? (error?.message ?? null) : null };
  }

  async #ask(text: string): Promise<Check> {
    try {
      const request = { type: 'ValidateConfig', text } as const;
      const answer = await control<'ValidateConfig'>(this.#bridge, request);
      return { kind: 'done', text, ...answer };
    } catch (error) {
      return { kind: 'failed', text, error: messageOf(error) };
    }
  }

  #set(changes: Partial<ConfigState>): void {
    this.#state = { ...this.#state, ...changes };
    for (const listener of this.#listeners) listener();
  }
}
