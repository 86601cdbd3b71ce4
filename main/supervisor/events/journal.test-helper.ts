/** For tests: a journal in a folder, and events to keep in it. */
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { soon } from './events.test-helper.ts';
import { Journal, type JournalOptions } from './journal.ts';
import type { StoredEvents } from './journal-messages.ts';
import { journalThread, MemoryLog } from './room.test-helper.ts';

export interface OpenJournal extends AsyncDisposable {
  readonly journal: Journal;
  readonly tail: StoredEvents;
  readonly log: MemoryLog;
  readonly file: string;
}

export async function openJournal(
  folder: string,
  options: Partial<JournalOptions> = {},
): Promise<OpenJournal> {
  const log = new MemoryLog();
  const file = join(folder, 'events.db');
  const { journal, tail } = await Journal.open({
    file,
    threadFile: journalThread,
    maxEvents: 100_000,
    maxAgeMs: 3_600_000,
    tail: 100,
    logger: log.logger,
    ...options,
  });
  return { journal, tail, log, file, [Symbol.asyncDispose]: () => journal.close() };
}

/** The JSON of an event as the channel has it; `padding` makes it larger. */
export function eventText(id: number, padding = 0): string {
  return JSON.stringify({ id, data: { event_type: 'test', message: 'x'.repeat(padding) } });
}

/** Appends the events `from` to `to`; gives the thread a turn now and then, as a channel does. */
export async function append(
  journal: Journal,
  from: number,
  to: number,
  padding = 0,
): Promise<void> {
  for (let id = from; id <= to; id += 1) {
    journal.append(id, eventText(id, padding));
    if (id % 1_000 === 0) await turn();
  }
}

/** All ids that can be read. */
export async function storedIds(journal: Journal): Promise<readonly number[]> {
  const { events } = await journal.read(0, 1_000_000);
  return events.ids;
}

/** Resolves when so many events are committed. */
export async function committed(journal: Journal, events: number): Promise<void> {
  await soon(() => {
    const status = journal.status();
    if (status.events !== events) throw new Error(`${status.events} of ${events}`);
  });
}
