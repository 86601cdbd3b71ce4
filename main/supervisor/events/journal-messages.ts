/** What the journal and its thread say to each other. */

export interface JournalLimits {
  readonly maxEvents: number;
  readonly maxAgeMs: number;
}

export interface JournalStart extends JournalLimits {
  readonly file: string;
  /** How many of the newest events the thread returns when it has opened. */
  readonly tail: number;
}

/** Events with consecutive ids, as their JSON. */
export interface StoredEvents {
  readonly ids: readonly number[];
  readonly texts: readonly string[];
}

export type ToJournal =
  | {
      readonly kind: 'append';
      readonly firstId: number;
      readonly at: number;
      readonly texts: readonly string[];
    }
  | {
      readonly kind: 'read';
      readonly sequence: number;
      readonly from: number;
      readonly limit: number;
    }
  | { readonly kind: 'close' };

/** How much is kept. */
export interface JournalExtent {
  readonly oldestId: number;
  readonly lastId: number;
  readonly count: number;
}

/** Of an empty file, and of one that is not read yet. */
export const noExtent: JournalExtent = { oldestId: 0, lastId: 0, count: 0 };

export type FromJournal =
  | {
      readonly kind: 'opened';
      readonly extent: JournalExtent;
      readonly tail: StoredEvents;
      /** Where a damaged file was moved to. */
      readonly setAside: string | null;
    }
  /** It is tried again; what is to be appended meanwhile is lost. */
  | { readonly kind: 'not_opened'; readonly error: string }
  | { readonly kind: 'committed'; readonly extent: JournalExtent }
  | { readonly kind: 'commit_failed'; readonly error: string; readonly lost: number }
  | {
      readonly kind: 'page';
      readonly sequence: number;
      readonly events: StoredEvents;
      readonly extent: JournalExtent;
    }
  | { readonly kind: 'closed' };
