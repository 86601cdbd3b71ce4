import { expect, test } from 'vitest';
import { brokenPromises, differences, total } from '../conformance/compare.ts';
import { type Outcomes, runSuite, type Suite, suites } from '../conformance/suites.ts';
import { servers, startBehindGateway } from '../conformance/targets.ts';

const [fixture] = servers;
const [released, , , stateless] = suites;

test('the official suites of both eras find no fault with a server behind the gateway', {
  timeout: 90_000,
}, async () => {
  await using target = await startBehindGateway(fixture);
  expect(await faults(released, target.url)).toEqual([]);
  expect(await faults(stateless, target.url)).toEqual([]);
});

/** The scenarios that fail also when they run alone: on a busy machine a suite cuts some of them short. */
async function faults(suite: Suite, url: string): Promise<readonly string[]> {
  const outcomes = await runSuite(suite, url);
  expect(total(outcomes).passed).toBeGreaterThan(30);
  const failing = [...outcomes].filter(([, { failed }]) => failed > 0).map(([name]) => name);
  const stillFailing: string[] = [];
  for (const name of failing) {
    if (total(await runSuite(suite, url, name)).failed > 0) stillFailing.push(name);
  }
  return stillFailing;
}

const outcomes = (counts: Readonly<Record<string, readonly [number, number]>>): Outcomes =>
  new Map(Object.entries(counts).map(([name, [passed, failed]]) => [name, { passed, failed }]));

test('a comparison of suites names what is worse, what is better, and what was not run', () => {
  const direct = outcomes({
    same: [3, 1],
    fails: [2, 0],
    skips: [2, 0],
    gains: [1, 1],
    gone: [1, 0],
  });
  const through = outcomes({ same: [3, 1], fails: [1, 1], skips: [1, 0], gains: [2, 0] });
  expect(differences(direct, through).map(({ scenario, verdict }) => [scenario, verdict])).toEqual([
    ['fails', 'worse'],
    ['skips', 'worse'],
    ['gains', 'better'],
    ['gone', 'worse'],
  ]);
});

test('what the gateway itself promises must pass, even where the server alone fails it', () => {
  const through = outcomes({
    'server-session-lifecycle': [3, 0],
    'dns-rebinding-protection': [1, 1],
    'tools-list': [0, 1],
  });
  expect(brokenPromises(through)).toEqual(['dns-rebinding-protection']);
  expect(brokenPromises(outcomes({ 'server-session-lifecycle': [0, 0] }))).toHaveLength(1);
});
