/**
 * What may be wrong, and what to do about it. Pure: the facts come in as plain data. A problem keeps
 * something from working, a warning may do so soon; each has a cure that a person can carry out.
 */
import { assertNever } from '../../../shared/assert-never.ts';
import type { DoctorCheck } from '../../../shared/control-replies.ts';
import type { StatusSnapshot } from '../../../shared/status.ts';
import { type Autostart, judgeAutostart } from '../config/autostart.ts';

/** What the doctor looks at. */
export interface Facts {
  readonly snapshot: StatusSnapshot;
  readonly nodeVersion: string;
  /** Processes with our cookie that no service of this run has started. */
  readonly strays: readonly number[];
  /** Of the disk with the data folder; null where that is not known. */
  readonly freeBytes: number | null;
  readonly dataDir: string;
  /** The supervisor's own log and the services' output. */
  readonly logBytes: number;
  readonly logFolder: string;
  /** Permission bits of the socket and its folder; null without a socket. */
  readonly socketMode: number | null;
  readonly socketFolderMode: number | null;
  readonly socketPath: string;
  /** Typical lateness of the event loop, in ms. */
  readonly loopDelayMs: number;
  /** What starts this program at log-in. */
  readonly autostart: Autostart;
}

type Result = Pick<DoctorCheck, 'status' | 'message' | 'cure'>;

/** The oldest Node under which all of this was tried. */
const oldestNode = 24;

const lowDiskBytes = 1024 ** 3;
const veryLowDiskBytes = 100 * 1024 ** 2;
const manyLogBytes = 2 * 1024 ** 3;

/** Beyond this, people and probes notice. */
const slowLoopMs = 100;

/** All checks, in the order in which a person should read them. */
export function examine(facts: Facts): readonly DoctorCheck[] {
  const check = (name: string, title: string, result: Result | null): DoctorCheck[] =>
    result === null ? [] : [{ name, title, ...result }];
  return [
    ...check('config', 'Configuration', config(facts)),
    ...check('services', 'Services', services(facts)),
    ...check('ports', 'Ports and doors', ports(facts)),
    ...check('strays', 'Processes of earlier runs', strays(facts)),
    ...check('journal', 'Event journal', journal(facts)),
    ...check('sources', 'Event sources', sources(facts)),
    ...check('disk', 'Disk space', disk(facts)),
    ...check('logs', 'Log files', logs(facts)),
    ...check('node', 'Node.js', node(facts)),
    ...check('socket', 'Control socket', socket(facts)),
    ...check('autostart', 'Start at log-in', judgeAutostart(facts.autostart)),
    ...check('event_loop', 'Event loop', eventLoop(facts)),
  ];
}

function ok(message: string): Result {
  return { status: 'ok', message, cure: null };
}

function warning(message: string, cure: string): Result {
  return { status: 'warning', message, cure };
}

function problem(message: string, cure: string): Result {
  return { status: 'problem', message, cure };
}

function config({ snapshot }: Facts): Result {
  const { path, running } = snapshot.config;
  // What is only noticed needs no cure.
  const problems = snapshot.config.problems.filter(({ severity }) => severity !== 'notice');
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors.length > 0 ? errors : problems;
  if (first === undefined) return ok(`${path} is valid.`);
  const where = `${path}:${first.line}:${first.column}: ${first.message}`;
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
  if (errors.length === 0) return warning(`${where}${more}`, 'Correct the file when convenient.');
  const runs = running === 'none' ? 'No service runs.' : 'The last valid one runs.';
  return problem(`${where}${more}. ${runs}`, 'Correct the file; it is applied when it is valid.');
}

function services({ snapshot }: Facts): Result {
  const all = [...snapshot.services, ...snapshot.instances];
  const failing = all.filter(({ state }) =>
    ['failed', 'crash_loop', 'backing_off', 'unhealthy'].includes(state),
  );
  const [first] = failing;
  if (first === undefined) return ok(`${all.length} services and instances, none of them failing.`);
  const names = failing.map(({ name }) => name).join(', ');
  return problem(
    `Failing: ${names}. ${first.name}: ${first.reason}`,
    `See what it printed (Logs, or the file ${first.outputFile ?? 'in the data folder'}), correct the cause, then restart it.`,
  );
}

function ports({ snapshot }: Facts): Result {
  const shut = snapshot.doors.filter(({ state }) => state === 'waiting');
  if (shut.length > 0) {
    return problem(
      shut.map(({ name, error }) => `${name}: ${error}`).join(' '),
      'Stop the program that is in the way, or set another port; it is tried again by itself.',
    );
  }
  const taken = [...snapshot.services, ...snapshot.instances].find(({ state, reason }) => {
    return state !== 'ready' && /^Port \d+ .* in use by/.test(reason);
  });
  if (taken) {
    return problem(taken.reason, 'Stop that program or set another port in supervisor.toml.');
  }
  const open = snapshot.doors.filter(({ state }) => state === 'open');
  return ok(`Open: ${open.map(({ name, address }) => `${name} ${address}`).join(', ') || 'none'}.`);
}

function strays({ strays: pids }: Facts): Result {
  if (pids.length === 0) return ok('None is left.');
  return warning(
    `${pids.length} ${pids.length === 1 ? 'process' : 'processes'} that no service has: ${pids.slice(0, 20).join(', ')}.`,
    'They are ended when the supervisor starts the next time; restart it, or end them by hand.',
  );
}

function journal({ snapshot }: Facts): Result {
  const { state, file, lost, lastError, events } = snapshot.events.journal;
  if (state === 'off') return ok('Switched off: events are kept in memory only.');
  if (state === 'on' && lost === 0) return ok(`${events} events in ${file}.`);
  const what = lost === 0 ? 'Events are' : `${lost} events were`;
  const message = `${what} not written to ${file}: ${lastError ?? 'unknown'}.`;
  switch (state) {
    case 'on':
      return warning(message, 'It works again. If it happens often, look at the disk.');
    case 'troubled':
      return problem(
        message,
        'Make room on the disk, or make the file writable: it is tried again by itself.',
      );
    case 'failed':
      return problem(message, 'Restart the supervisor: only then it is tried again.');
    default:
      return assertNever(state);
  }
}

function sources({ snapshot }: Facts): Result {
  const { sources: all, enabled } = snapshot.events;
  if (!enabled) return ok('Events are switched off.');
  const waiting = all.filter(({ state, lastError }) => state === 'waiting' && lastError !== null);
  const [first] = waiting;
  if (first === undefined)
    return ok(
      all.length === 1 ? '1 source, not failing.' : `${all.length} sources, none of them failing.`,
    );
  return warning(
    `${first.name} cannot be heard (${first.url ?? 'no address'}): ${first.lastError}`,
    'Start that program or correct [[events.sources]]; it is tried again by itself.',
  );
}

function disk({ freeBytes, dataDir }: Facts): Result | null {
  if (freeBytes === null) return null;
  const free = `${inMb(freeBytes)} MB free for ${dataDir}.`;
  if (freeBytes >= lowDiskBytes) return ok(free);
  const cure = 'Make room, or set another [supervisor] data_dir.';
  return freeBytes < veryLowDiskBytes ? problem(free, cure) : warning(free, cure);
}

function logs({ logBytes, logFolder }: Facts): Result {
  const size = `${inMb(logBytes)} MB in ${logFolder}.`;
  return logBytes < manyLogBytes
    ? ok(size)
    : warning(size, 'Lower [runtime_output] max_total_mb, or delete old files.');
}

function node({ nodeVersion }: Facts): Result {
  const major = Number.parseInt(nodeVersion, 10);
  return major >= oldestNode
    ? ok(`Node ${nodeVersion}.`)
    : warning(
        `Node ${nodeVersion} is older than ${oldestNode}.`,
        'Start with "npm start", which brings its own Node.',
      );
}

function socket({ socketMode, socketFolderMode, socketPath }: Facts): Result | null {
  if (socketMode === null || socketFolderMode === null) return null;
  const bits = (mode: number) => (mode & 0o777).toString(8);
  // Who cannot enter the folder cannot reach the socket in it.
  const isClosed = (socketMode & 0o077) === 0 || (socketFolderMode & 0o077) === 0;
  const message = `${socketPath} has mode ${bits(socketMode)}, its folder ${bits(socketFolderMode)}.`;
  return isClosed
    ? ok(message)
    : problem(message, `Other users could control this supervisor: chmod 600 "${socketPath}".`);
}

function eventLoop({ loopDelayMs }: Facts): Result {
  const message = `Usually ${loopDelayMs.toFixed(1)} ms late.`;
  return loopDelayMs < slowLoopMs
    ? ok(message)
    : warning(
        message,
        'The machine is overloaded, or a service floods its output: see the CPU column.',
      );
}

function inMb(bytes: number): string {
  return Math.floor(bytes / 1024 ** 2).toLocaleString('en-US');
}
