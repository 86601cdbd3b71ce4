/** The short form of the fault matrix (`npm run faults`), and that a promise which is broken is not overlooked. */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Fault, Outcome } from '../faults/fault.ts';
import { chosen, matrix } from '../faults/matrix.ts';
import { play, playAll } from '../faults/play.ts';
import { line, summary, withTable } from '../faults/report.ts';
import type { Place } from './harness.ts';

/** On an idle machine a fourth of it. */
const timeoutMs = 120_000;

const quick = chosen(matrix, undefined, true);

describe('the short form', () => {
  let outcomes: readonly Outcome[];

  beforeAll(async () => {
    outcomes = await playAll(quick, true, () => {});
  }, timeoutMs);

  test.each(quick.map(({ id, done, promised }) => [id, done, promised]))(
    '%s %s: %s',
    (id, _done, _promised) => {
      const outcome = outcomes.find((each) => each.id === id);
      expect(outcome, outcome?.seen).toMatchObject({
        verdict: expect.stringMatching(/^(ok|skipped)$/),
      });
    },
  );
});

describe('the runner', () => {
  const fault = (run: Fault['run'], more: Partial<Fault> = {}): Fault => ({
    id: 'F99',
    done: 'something',
    promised: 'nothing | happens',
    isQuick: true,
    run,
    ...more,
  });

  test('a broken promise is FAILED, with what was seen, and nothing of it stays', async () => {
    let place: Place | null = null;
    const outcome = await play(
      fault(async (stage) => {
        place = await stage.place();
        throw new Error('seen', { cause: new Error('the cause') });
      }),
      true,
    );
    expect(outcome).toMatchObject({ verdict: 'FAILED', seen: 'the cause: seen' });
    expect(existsSync((place as Place | null)?.folder ?? '')).toBe(false);
  });

  test('what cannot be taken away is FAILED as well', async () => {
    const outcome = await play(
      fault(async (stage) => {
        stage.defer(() => {
          throw new Error('it stays');
        });
        return 'fine';
      }),
      true,
    );
    expect(outcome).toMatchObject({ verdict: 'FAILED', seen: 'it stays' });
  });

  test('what cannot be done here is skipped with the reason, and not tried', async () => {
    const run = () => Promise.reject(new Error('tried'));
    expect(await play(fault(run, { lacks: () => 'no such disk' }), true)).toMatchObject({
      verdict: 'skipped',
      seen: 'no such disk',
    });
  });

  test('every row of the matrix has a fault, each with an id of its own', () => {
    const ids = matrix.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const rows = [...new Set(ids.map((id) => id.replace(/[a-z]$/, '')))];
    expect(rows).toEqual(Array.from({ length: 17 }, (_, index) => `F${index + 1}`));
  });

  test('a row means all its parts, a part itself', () => {
    const idsOf = (only: string, isQuick = false) =>
      chosen(matrix, only, isQuick).map(({ id }) => id);
    expect(idsOf('F6')).toEqual(['F6', 'F6b']);
    expect(idsOf('f6b, F16')).toEqual(['F6b', 'F16', 'F16b']);
    expect(idsOf('F1')).toEqual(['F1', 'F1b']);
    expect(idsOf('F1', true)).toEqual(['F1']);
    expect(idsOf('F77')).toEqual([]);
  });

  test('a line has everything; a table takes the place of the one before', async () => {
    const outcome: Outcome = {
      ...(await play(
        fault(async () => 'all\nwell'),
        true,
      )),
      seconds: 1,
    };
    expect(line(outcome)).toBe(
      'F99  ok         1.0 s  something | promised: nothing | happens | seen: all well',
    );
    const skipped: Outcome = { ...outcome, verdict: 'skipped' };
    const failed: Outcome = { ...outcome, verdict: 'FAILED' };
    const all = [outcome, skipped, failed, failed];
    expect(summary(all)).toBe('1 passed, 2 failed, 1 skipped');
    const machine = {
      date: '2026-11-23T03:00:00.000Z',
      cpu: 'CPU',
      cores: 2,
      memoryGib: 24,
      system: 'linux 6',
      loadBefore: 0,
      commit: 'abc',
      versions: ['Node 24'],
    };
    const empty = `before\n<!-- The table is written by npm run faults -- --write. -->\n<!-- End of the table. -->\nafter\n`;
    const once = withTable(empty, all, machine);
    expect(once).toContain('| F99 | something | nothing \\| happens | all well | ok | 1.0 s |');
    expect(once).toMatch(/^before\n[\s\S]*\nafter\n$/);
    expect(withTable(once, all, machine)).toBe(once);
    expect(() => withTable('nothing', all, machine)).toThrow('no place');
  });
});
