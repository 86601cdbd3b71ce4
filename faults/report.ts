/** Outcomes as people read them: a line each, a summary, a table in the documentation. */
import type { Machine } from '../bench/kit/machine.ts';
import type { Outcome, Verdict } from './fault.ts';

/** A failure may carry a whole snapshot. */
const seenChars = 600;

/** `F1   ok       12.3 s  killed … | promised: … | seen: …` */
export function line({ id, verdict, seconds, done, promised, seen }: Outcome): string {
  const head = `${id.padEnd(5)}${verdict.padEnd(8)}${seconds.toFixed(1).padStart(6)} s`;
  return `${head}  ${done} | promised: ${promised} | ${seenWord(verdict)}: ${brief(seen)}`;
}

export function summary(outcomes: readonly Outcome[]): string {
  const count = (verdict: Verdict) => outcomes.filter((each) => each.verdict === verdict).length;
  return `${count('ok')} passed, ${count('FAILED')} failed, ${count('skipped')} skipped`;
}

const begin = '<!-- The table is written by npm run faults -- --write. -->';
const end = '<!-- End of the table. -->';

/** The document with the table of this run in the place of the one before. */
export function withTable(text: string, outcomes: readonly Outcome[], machine: Machine): string {
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) {
    throw new Error(`There is no place for the table: "${begin}" … "${end}".`);
  }
  const rows = outcomes.map(
    ({ id, done, promised, seen, verdict, seconds }) =>
      `| ${[id, done, promised, brief(seen), verdict, `${seconds.toFixed(1)} s`].map(cell).join(' | ')} |`,
  );
  const table = [
    `${machine.date.slice(0, 16).replace('T', ' ')} UTC, commit ${machine.commit}. ${machine.cores} x ${machine.cpu}, ${machine.memoryGib} GiB, ${machine.system}, ${machine.versions.join(', ')}; load before the run ${machine.loadBefore.toFixed(2)}. ${summary(outcomes)}.`,
    '',
    '| id | what was done | what is promised | what was seen | | time |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
  return `${head}${begin}\n\n${table.join('\n')}\n\n${end}${tail}`;
}

function seenWord(verdict: Verdict): string {
  return verdict === 'skipped' ? 'because' : 'seen';
}

function brief(seen: string): string {
  const one = seen.replace(/\s+/g, ' ').trim();
  return one.length > seenChars ? `${one.slice(0, seenChars)}…` : one;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
