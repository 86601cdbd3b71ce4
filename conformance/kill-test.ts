/**
 * `node conformance/kill-test.ts [--seconds 60] [--sessions 50] [--instances 4]`: sessions under load on
 * instances that are killed at random. Fails on a read that failed, a wrong error, a session that was lost,
 * an answer that reached another call, a call that was made twice.
 */
import { parseArgs } from 'node:util';
import { runKills } from './endurance/kills.ts';

/** The first few say what is wrong. */
const shownFaults = 10;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    sessions: { type: 'string', default: '50' },
    instances: { type: 'string', default: '4' },
  },
});
// Not by the signal alone: the supervisor is taken along.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130));
}
const { faults, ...report } = await runKills({
  seconds: Number(values.seconds),
  sessions: Number(values.sessions),
  instances: Number(values.instances),
});
console.log(JSON.stringify({ ...report, slowestMs: Math.round(report.slowestMs) }, null, 2));
for (const fault of faults.slice(0, shownFaults)) console.log(`  ${fault}`);
const isFine = faults.length === 0 && report.lost === 0 && report.reads > 0 && report.kills > 0;
console.log(isFine ? 'Nothing went wrong.' : `${faults.length} faults, ${report.lost} lost.`);
process.exitCode = isFine ? 0 : 1;
