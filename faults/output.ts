/** F12: children that print what no reader expects: a flood, no line end, broken text, control sequences. */
import assert from 'node:assert/strict';
import { bare, residentMb, script, serviceIn, took } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

const mb = 1_024 * 1_024;

/**
 * What may pile up while a gigabyte comes in two seconds, in MB: buffers that V8 has not collected yet. Without a
 * bound it would be the gigabyte.
 */
const floodMb = 250;

/** A question is answered meanwhile; a loaded machine of two cores has its limits. */
const patientMs = 3_000;

/** Writes so many MB without a line end, as fast as the reader takes them, then says how it went. */
const floodScript = (megabytes: number) => `
const part = Buffer.alloc(${mb}, 'x');
let left = ${megabytes};
const more = () => {
  while (left > 0) {
    left -= 1;
    if (!process.stdout.write(part)) return process.stdout.once('drain', more);
  }
  process.stdout.write('\\nflood over\\n');
};
more();
setInterval(() => {}, 1e6);`;

async function flood(stage: Stage): Promise<string> {
  const megabytes = stage.isQuick ? 100 : 1_000;
  const supervisor = await stage.start({
    settings: bare,
    servers: [script('flood', floodScript(megabytes))],
    isReady: () => true,
  });
  const { pid } = supervisor.process;
  const since = performance.now();
  let slowest = 0;
  let largest = 0;
  let isOver = false;
  while (!isOver) {
    const ms = await took(() => supervisor.control<'Status'>({ type: 'Status' }));
    slowest = Math.max(slowest, ms);
    largest = Math.max(largest, await residentMb(pid));
    const { lines } = await supervisor.control<'Logs'>({
      type: 'Logs',
      service: 'flood',
      lines: 1,
    });
    isOver = lines.some(({ text }) => text === 'flood over');
    assert.ok(performance.now() - since < 120_000, 'the child is held up');
  }
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  const { restarts } = serviceIn(await supervisor.snapshot(), 'flood');
  assert.equal(restarts, 0);
  assert.ok(slowest < patientMs, `a question took ${slowest} ms`);
  assert.ok(largest < 90 + floodMb, `${largest} MB resident`);
  return `${megabytes} MB in ${seconds} s; at most ${largest} MB resident, questions answered within ${slowest} ms`;
}

const strange = `
process.stdout.write('y'.repeat(90_000) + '\\n');
process.stdout.write(Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x0a]));
process.stdout.write('\\u001b[2J\\u001b]0;title\\u0007red\\r\\n\\0nul\\n');
process.stdout.write('no line end');
setTimeout(() => { process.stdout.write('\\nthe end\\n'); setInterval(() => {}, 1e6); }, 100);`;

async function strangeText(stage: Stage): Promise<string> {
  const supervisor = await stage.start({
    settings: bare,
    servers: [script('strange', strange, { readiness_log: 'the end' })],
  });
  const { lines } = await supervisor.control<'Logs'>({ type: 'Logs', service: 'strange' });
  const texts = lines.filter(({ stream }) => stream === 'stdout');
  const ys = texts.filter(({ text }) => /^y+$/.test(text));
  assert.equal(ys.map(({ text }) => text).join('').length, 90_000, 'a long line lost something');
  const rest = texts.slice(ys.length).map(({ text }) => text);
  assert.deepEqual(rest.slice(-2), ['no line end', 'the end']);
  assert.match(rest[0] ?? '', /\ufffd/, 'broken text is not marked');
  // What it printed must not steer the terminal of the supervisor.
  assert.ok(!supervisor.output().includes('\u001b]0;title'), 'control sequences got out');
  return `a line of 90,000 characters whole in ${ys.length} parts, broken UTF-8 as U+FFFD, ANSI and NUL kept as text, the last line without its end kept`;
}

export const output: readonly Fault[] = [
  {
    id: 'F12',
    done: 'a child prints without a line end, as fast as it can',
    promised: 'it is not held up; memory stays bounded; control answers meanwhile',
    isQuick: true,
    lacks: onlyOnLinux,
    run: flood,
  },
  {
    id: 'F12b',
    done: 'a line of 90,000 characters, invalid UTF-8, ANSI sequences, NUL, no line end',
    promised: 'nothing is lost, nothing steers a terminal',
    isQuick: true,
    run: strangeText,
  },
];
